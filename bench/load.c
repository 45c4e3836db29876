/* Loads for measuring the tracer's cost, on loopback only.
 *
 * load flood SECONDS    connects to a closed port, as fast as it goes
 * load close SECONDS    connects, accepts and closes, without any reset
 * load abort SECONDS    connects, accepts and closes with SO_LINGER zero
 *
 * Prints how many connections it made in a second. The 127.0.0.0/8 addresses are used in turn, so that ports in
 * TIME_WAIT do not run out. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES 64

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static struct sockaddr_in place(int k, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(0x7f000001 + k % ADDRESSES);
    return a;
}

static int closed_port(void) {
    struct sockaddr_in a = place(0, 0);
    socklen_t size = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (struct sockaddr *)&a, size) || getsockname(s, (struct sockaddr *)&a, &size))
        exit(1);
    close(s);
    return ntohs(a.sin_port);
}

static int listening(int *port) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (struct sockaddr *)&a, size) || listen(s, 64) || getsockname(s, (struct sockaddr *)&a, &size))
        exit(1);
    *port = ntohs(a.sin_port);
    return s;
}

int main(int count, char **words) {
    if (count != 3)
        return 2;
    int flood = !strcmp(words[1], "flood"), abort_it = !strcmp(words[1], "abort"), port;
    int listener = flood ? -1 : listening(&port);
    if (flood)
        port = closed_port();
    double start = now(), end = start + atof(words[2]), t = start;
    long made = 0;
    struct linger zero = {1, 0};
    for (; t < end; made++) {
        struct sockaddr_in a = place((int)made, port);
        int s = socket(AF_INET, SOCK_STREAM, 0);
        int failed = connect(s, (struct sockaddr *)&a, sizeof a);
        if (flood != (failed != 0))
            return 1;
        if (!flood) {
            int peer = accept(listener, 0, 0);
            if (abort_it)
                setsockopt(s, SOL_SOCKET, SO_LINGER, &zero, sizeof zero);
            close(s);
            close(peer);
        } else {
            close(s);
        }
        if (made % 64 == 0)
            t = now();
    }
    printf("%.0f\n", made / (t - start));
    return 0;
}
