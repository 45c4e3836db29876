"""How a reset came about: active, passive, firewall or forged.

What decides (Linux' facts measured against the kernel's own record; others gated by the sender's system):

- *active*: a socket aborted itself. RST,ACK with its next number, and on Linux a window above 0 and timestamps if
  negotiated. Windows sends window 0.
- *passive*: a stack answered a segment it could not take (RFC 9293 section 3.5.2). Numbers copied from that segment,
  window 0, no options, on Linux IPv4 ID 0.
- *firewall*: an answer of that form that the address's own host did not give: its TTL is not the host's, its TOS is 0
  where Linux would mirror, or its host goes on as if nothing had happened.
- *forged*: a third party wrote it: at least two habits of the alleged sender are broken, or one and its sender goes
  on, or a burst whose numbers step ahead.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.layout import Opt, Seg
from whyrst.fast.tables import Answer, Conn, Dir, Rst
from whyrst.resets.facts import MS, SECOND, Fact, ahead, one_of
from whyrst.resets.habits import ID_STEP, initial_ttl

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.compared import Compared
    from whyrst.resets.facts import Column, Mask

UNKNOWN, ACTIVE, PASSIVE, FIREWALL, FORGED = range(5)
MECHANISMS = ("unknown", "active", "passive", "firewall", "forged")

MANY_SIGNS = 2
DOUBLED = 3
"""Packets of a connection that must have been captured twice, so that once means something."""
IDLE = 29 * SECOND
"""The shortest idle timeout of a device in use is 30 s."""


class Mechanisms:
    """Mechanisms of the resets of a batch."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    @cached_property
    def passive_form(self) -> Mask:
        """Its numbers are those of an answer, and nothing says that a socket wrote it.

        A bare RST is always an answer for a stack that follows RFC 9293: only answers to an ACK lack ACK. An
        RST,ACK is one when it refuses a SYN, or has window 0 and sequence number 0.
        """
        shape = self._r.shape
        refusal = self._r.progress.answers_connect & shape.has_ack
        to_plain = shape.has_ack & shape.seq_zero & shape.window_zero & ~shape.has_timestamps
        bare = shape.bare & ~shape.has_timestamps & ~self._bare_abort
        answer = refusal | to_plain | bare | self._full_answer | self._behind_proxy
        return answer & ~shape.with_fin & ~self._formless

    @cached_property
    def _formless(self) -> Mask:
        """A socket of this host took it, and nobody saw the segment: its form is not known, but in SYN_SENT, where only
        a refusal is taken."""
        kernel = self._r.kernel
        if kernel is None:
            return np.zeros(len(self._r), dtype=bool)
        return kernel.received & (self._r.seg(Seg.TTL) < 0) & ~self._r.progress.answers_connect

    @cached_property
    def _behind_proxy(self) -> Mask:
        """RST,ACK with window 0 and no options after a SYN proxy's SYN-ACK: the server's refusal, its sequence number
        translated by the proxy (net/netfilter/nf_conntrack_seqadj.c)."""
        shape = self._r.shape
        return self._r.opening.proxy_syn_ack & shape.has_ack & shape.window_zero & ~shape.has_options

    @cached_property
    def _full_answer(self) -> Mask:
        """RST,ACK with window 0 that fits both numbers of a payload or FIN which came after its sender had closed or
        reset: so answer stacks that put ACK into every reset (Windows, embedded ones, appliances)."""
        shape, trigger = self._r.shape, self._r.trigger
        plain = shape.has_ack & shape.window_zero & ~shape.has_timestamps
        both = (self._r.own(Rst.TRIGGER) == (Answer.SEQ_IS_ACK | Answer.ACK_IS_END)) & trigger.acks_fin.yes
        asks = trigger.has_payload | trigger.is_fin
        at_once = trigger.delay < 2 * self._r.habits.rtt + 50 * MS
        return plain & both & asks & at_once & self.sender_had_ended

    @cached_property
    def active_form(self) -> Mask:
        """RST,ACK in a connection that its sender took part in, with its next number."""
        shape, progress = self._r.shape, self._r.progress
        answer = (shape.seq_zero & shape.window_zero) | self._full_answer | self._behind_proxy
        full = shape.has_ack & ~progress.answers_connect & ~answer & ~shape.with_fin
        return (full | self._bare_abort) & ~self._formless

    @cached_property
    def _bare_abort(self) -> Mask:
        """A bare RST that answers nothing: its socket's own, as systems other than Linux may write it.

        macOS resets so when it gives a socket up, Windows XP when a program aborts, some embedded stacks always. It has
        the sender's next number, keeps every habit, and one of three things shows that no segment asked for it: the
        peer had not acknowledged that number yet, nothing had come for far longer than an answer takes, or the window
        is the socket's own.
        """
        r, progress = self._r, self._r.progress
        nxt, acked = r.sender(Dir.NXT), r.sender(Dir.ACKED)
        own = r.shape.bare & ~r.shape.with_fin & progress.seq_is_next & progress.synchronized & (r.habits.signs == 0)
        whole = ~progress.midstream & ~progress.peer_silent & (r.conn(Conn.MISSING) == 0) & ~r.habits.linux.yes
        unasked = ~r.trigger.found & (acked >= 0) & (ahead(nxt, acked) > 0)
        alone = (r.silences.peer > 2 * r.habits.rtt + 300 * MS) & ~r.aftermath.peer_reset_too.yes
        live = ~r.shape.window_zero & (r.seg(Seg.WINDOW) == r.sender(Dir.WINDOW))
        return own & whole & ~self.sender_had_ended & (unasked | alone | live)

    @cached_property
    def sender_had_ended(self) -> Mask:
        """The sender had closed or reset before, so its host has a reason to answer what still arrives."""
        progress = self._r.progress
        return progress.sender_fin | progress.sender_reset_before

    @cached_property
    def over(self) -> Mask:
        """The connection had ended for the sender: it had closed, or one of the two ends had reset it."""
        return self.sender_had_ended | self._r.progress.peer_reset_before

    @cached_property
    def by_timer(self) -> Mask:
        """In sequence, alone, out of a long silence of both ends: only a device that kept the connection's state
        knows the numbers then, and its idle timer let it write (Azure's balancer does)."""
        alone = ~self._r.aftermath.burst_before & ~self._r.aftermath.burst_after & ~self._r.shape.with_fin
        return (self._r.silences.before >= IDLE) & self._r.progress.seq_is_next & alone

    @cached_property
    def foreign_ttl(self) -> Fact:
        """The TTL is none that the address's own host has, in this connection or another."""
        here = self._r.habits.ttl_same
        elsewhere = self._r.neighbours.ttl_as_elsewhere
        return self._by_others(Fact(np.where(here.known, -here.values, -elsewhere.values)))

    @cached_property
    def _same_counter(self) -> Mask:
        """The IPv4 ID is next in the sender's count: the same machine on another route, or a translator that writes
        all packets of that direction anew."""
        step = (self._r.seg(Seg.IP_ID) - self._r.sender(Dir.ID)) & 0xFFFF
        return self._r.habits.id_continues.yes & (step <= ID_STEP)

    @cached_property
    def _refused_in_vain(self) -> Mask:
        """The payload that the reset answers got through: its receiver acknowledged it although nobody sent it again. A
        packet filter drops what it refuses; only somebody beside the path lets it pass."""
        r = self._r
        asked = r.trigger.has_payload & (r.conn(Conn.DATA_SIDE) == np.where(r.by_client, 1, 0))
        got = r.aftermath.sender_goes_on.yes & (r.own(Rst.SENDER_ACKED) > 0)
        return asked & got & (r.own(Rst.PEER_AFTER) == 0) & ~r.progress.sender_fin

    @cached_property
    def forger_signs(self) -> Column:
        """How many signs say that a third party wrote it: the habits it breaks, and what makes them weigh more.

        Linux never leaves timestamps out of an RST,ACK, and never writes a bare RST that nothing asked for, so for its
        sake one of these is as good as two. For others they count beside a broken habit.
        """
        habits, unasked = self._r.habits, self._r.trigger.unasked
        linux, broken = habits.linux.yes, habits.signs > 0
        unlike = self._unlike_linux | (habits.timestamps_missing.yes & linux)
        more = (self._refused_in_vain | self._aborted_twice) & broken
        return np.where(self._own, 0, habits.signs + (unasked & (linux | broken)) + unlike + more)

    @cached_property
    def _aborted_twice(self) -> Mask:
        """One of several resets at once that all look like a socket's own: a socket is aborted only once, and what its
        host answers afterwards bears no window."""
        r, before = self._r, self._r.progress.previous_reset
        side, seq, live = r.own(Rst.SIDE), r.seg(Seg.SEQ), r.shape.live_window
        equal = (side[before] == side) & (seq[before] == seq) & live & live[before]
        second = equal & (before != np.arange(len(r))) & r.aftermath.burst_before
        twice = second.copy()
        twice[before[second]] = True
        return twice & r.progress.synchronized

    @cached_property
    def _unlike_linux(self) -> Mask:
        """A bare RST with a window or options, which Linux' own answers never have (tcp_v4_send_reset).

        Its IPv4 ID tells nothing: 0 today, but older kernels took it from a counter of their own. No packet filter
        writes a window either; where the system is not known, it counts beside a broken habit.
        """
        r = self._r
        signed = (r.seg(Seg.OPTIONS) & (Opt.MPTCP | Opt.MD5 | Opt.AO)) != 0
        dressed = ~r.shape.window_zero | (r.shape.has_options & ~signed)
        bare = r.shape.bare & r.progress.synchronized
        return bare & dressed & (r.habits.linux.yes | (~r.shape.window_zero & (r.habits.signs > 0)))

    @cached_property
    def _to_altered_step(self) -> Mask:
        """Linux' answer, from the server's own distance, to a handshake's last step with a number that the client never
        sent: something on the way altered that step, which only a capture behind it shows."""
        r = self._r
        own = r.by_server & r.opening.server_only_answered & r.habits.ttl_same.yes & ~r.habits.link_same.no
        return own & r.shape.bare & r.shape.linux_passive.yes & ~r.trigger.found & r.habits.seq_beyond.yes

    @cached_property
    def forged(self) -> Fact:
        """Somebody else wrote it in the sender's name.

        Yes: two broken habits; or one and the sender goes on; or a burst whose numbers step beyond the sender's; or
        an RST,ACK at a used number whose sender goes on. No: an active form that keeps every habit that is known
        (at least two), or a passive form that fits its trigger without a broken habit.
        """
        habits, after, progress = self._r.habits, self._r.aftermath, self._r.progress
        signs = self.forger_signs
        ended = self.sender_had_ended
        honest = self.passive_form & self._r.trigger.fits_exactly & ended & ~self._witnessed & ~after.steps
        goes_on = after.sender_goes_on.yes & progress.synchronized & ~progress.sender_fin
        stepping = after.steps & ((signs >= 1) | after.sender_goes_on.yes | after.challenged.yes)
        lone = (signs == 1) & habits.ttl_same.no & self.passive_form & self._r.trigger.fits_exactly
        yes = ((signs >= MANY_SIGNS) | (goes_on & (signs >= 1) & ~lone) | stepping | self._r.shape.with_fin) & ~honest
        # Where a SYN proxy wrote the SYN-ACK, the habits are the proxy's, and the server breaks them.
        yes = yes & progress.synchronized & habits.spoke & ~self._r.opening.proxy_syn_ack & ~self._to_altered_step
        kept = (
            habits.ttl_same.yes.astype(np.int64)
            + habits.id_continues.yes
            + (habits.timestamps_missing.no & habits.timestamps_break.no)
            + habits.link_same.yes
        )
        no = ~yes & (signs == 0) & ((kept >= MANY_SIGNS) | (self.passive_form & self._r.trigger.fits_exactly))
        return self._by_others(Fact(np.where(yes, np.int8(1), np.where(no, np.int8(-1), np.int8(0)))))

    def _by_others(self, seen: Fact, unseen: int = -1) -> Fact:
        """A fact about writers other than the sender's own TCP: the kernel knows what it sent itself.

        Args:
            seen: as the wire shows it.
            unseen: its value where the packet left this host without its TCP.
        """
        kernel = self._r.kernel
        if kernel is None:
            return seen
        known = np.where(kernel.sent, np.int8(-1), seen.values)
        return Fact(np.where(kernel.unseen, np.int8(unseen), known))

    @property
    def _own(self) -> Mask:
        """This host's TCP is known to have sent it."""
        kernel = self._r.kernel
        return kernel.sent if kernel is not None else np.zeros(len(self._r), dtype=bool)

    @cached_property
    def _zero_tos(self) -> Mask:
        """TOS 0 where Linux' own answer would mirror another one."""
        return self._r.habits.tos_mirrored.no & (self._r.seg(Seg.TOS) == 0) & self._r.shape.linux_passive.yes

    @cached_property
    def _lives_on(self) -> Mask:
        """The host goes on as if nothing had happened. A kernel whose lookup missed during the handshake does, too
        (`kernel-handshake-race`)."""
        missed = self._r.opening.dropped_soon & self._r.habits.ttl_same.yes & self._r.shape.linux_passive.yes
        # A repeat or a keep-alive probe brings nothing new, but a host without the connection would not send it.
        later = self._r.own(Rst.SENDER_AFTER_TIME) - self._r.seg(Seg.TIME)
        repeats = (self._r.own(Rst.SENDER_AFTER) > 0) & (later > SECOND)
        goes_on = self._r.aftermath.sender_goes_on.yes | repeats
        return goes_on & self._r.progress.synchronized & ~self.sender_had_ended & ~missed

    @cached_property
    def made_here(self) -> Mask:
        """Every packet was captured on both sides of a router, but this reset and what it answers once: the router, or
        whoever sits there, refused that and wrote the answer. Each reset before may have been such a one, too."""
        r = self._r
        packets, copies, resets = r.conn(Conn.PACKETS), r.conn(Conn.COPIES), r.conn(Conn.RESETS)
        single = packets - copies
        doubled = (copies >= np.maximum(single, DOUBLED)) & (single >= 1) & (single <= 1 + 2 * resets)
        return doubled & (r.own(Rst.COPIES) == 0) & self.passive_form & r.trigger.fits_exactly & r.progress.synchronized

    @cached_property
    def filter_signs(self) -> Column:
        """How many signs say that not the host but something before it answered: TTL, TOS, flow label, time, that the
        host lives on, and that only this was captured once. One alone has harmless reasons, such as ports that a router
        forwards to several machines."""
        habits = self._r.habits
        label, fast = habits.flow_label_zero.yes, habits.too_fast.yes
        signs = (self.nearer, self._zero_tos, label, fast, self._lives_on, self.made_here)
        return np.where(self._own, 0, np.sum(signs, axis=0, dtype=np.int64))

    @cached_property
    def nearer(self) -> Mask:
        """Its TTL is that of something before the host, and the host had no reason to answer itself.

        A device before the host is nearer, so its TTL is the higher one, unless it starts from another value; a lower
        one came from farther away, by another route. Where a device sent the SYN-ACK, or a scanner the SYN, the reset
        with another TTL is the host's own.
        """
        ttl, usual = self._r.seg(Seg.TTL), self._r.sender(Dir.TTL_MIN)
        farther = (ttl < usual) & (initial_ttl(ttl) == initial_ttl(usual))
        scanned = self._r.opening.no_third_step & self._r.opening.handmade_syn.yes
        own = self._same_counter | farther | self._r.opening.proxy_syn_ack | scanned
        return self.foreign_ttl.yes & ~self.sender_had_ended & ~own

    @cached_property
    def firewall(self) -> Fact:
        """A packet filter or device answered in the host's place.

        Yes: the form of an answer, given at once, and a TTL that is not the host's while the host had no reason to
        answer; or the TOS of the refused segment not mirrored by what is otherwise Linux' form; or the host goes on.
        """
        ended = self.sender_had_ended
        unlabelled = self._r.habits.flow_label_zero.yes & self._r.shape.linux_passive.yes
        signs = self.nearer | (self._zero_tos & ~ended) | unlabelled | self._lives_on | self.made_here
        yes = self.passive_form & self._r.trigger.fits_exactly & self._r.trigger.prompt.yes & signs
        no = self.foreign_ttl.no & (self._r.habits.tos_mirrored.yes | ended)
        return self._by_others(Fact(np.where(yes, np.int8(1), np.where(no, np.int8(-1), np.int8(0)))), unseen=1)

    @cached_property
    def code(self) -> Column:
        """UNKNOWN, ACTIVE, PASSIVE, FIREWALL or FORGED."""
        here, kernel = self._seen_here, self._r.kernel
        if self._r.compared is not None:
            here = self._settled(here, self._r.compared)
        if kernel is not None:
            known = [kernel.active, kernel.passive, kernel.unseen]
            here = np.select(known, [ACTIVE, PASSIVE, FIREWALL], here).astype(np.int64)
        return here

    def _settled(self, here: Column, compared: Compared) -> Column:
        """What the captures of several places leave of what one of them says.

        Made on the way, it answers for the host when the segment that it answers went no farther, as packet filters
        drop what they refuse; otherwise somebody beside the path wrote it. What the end made is not forged.
        """
        between, trigger = compared.likely_between, compared.trigger_arrived
        answer = self.passive_form & self._r.trigger.found & ~self._r.aftermath.steps
        own = np.where(self.passive_form, PASSIVE, np.where(self.active_form, ACTIVE, UNKNOWN))
        foreign = (here == FORGED) | (here == FIREWALL)
        return np.select(
            [
                between & answer & trigger.no,
                between & trigger.yes & (here != FORGED) & compared.proven,
                between & foreign,
                between & compared.proven,
                compared.made_at_end.yes & (here == FORGED),
            ],
            [FIREWALL, FORGED, here, np.where(self.by_timer, FIREWALL, FORGED), own],
            here,
        ).astype(np.int64)

    @cached_property
    def _seen_here(self) -> Column:
        """The same, as far as the capture shows that holds it."""
        forged, firewall = self.forged.yes, self.firewall.yes
        fits = self._r.trigger.fits_exactly
        passive = self.passive_form & (fits | self._lost_trigger)
        return np.select(
            [
                forged & self.by_timer & ~self._r.aftermath.sender_goes_on.yes,
                forged & (~(passive & fits & firewall) | self._r.aftermath.steps | self._witnessed),
                firewall,
                passive,
                self.active_form,
            ],
            [FIREWALL, FORGED, FIREWALL, PASSIVE, ACTIVE],
            UNKNOWN,
        ).astype(np.int64)

    @cached_property
    def _witnessed(self) -> Mask:
        """More than its TTL speaks against a host's and a packet filter's answer: nothing asked for it, what it refuses
        got through, or it has not the form of one."""
        return self._r.trigger.unasked | self._refused_in_vain | self._unlike_linux

    def among(self, *codes: int) -> Fact:
        """It came about in one of these ways; unknown where no way was found."""
        return Fact.of(one_of(self.code, codes), self.code != UNKNOWN)

    @cached_property
    def _lost_trigger(self) -> Mask:
        """The form of an answer, though the segment is not among those remembered: the other direction was not
        captured, or more segments came meanwhile than are kept."""
        number = self._r.seg(Seg.SEQ)
        nxt = self._r.sender(Dir.NXT)
        plausible = (nxt < 0) | (np.abs(ahead(number, nxt)) < (1 << 20))
        return (
            self._r.shape.bare
            & plausible
            & (
                self._r.progress.peer_silent
                | self._r.progress.midstream
                | (self._r.conn(Conn.MISSING) > 0)
                | (nxt >= 0)
            )
        )
