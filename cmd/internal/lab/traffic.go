package lab

import (
	"cmp"
	"fmt"
	"net/netip"
)

// Traffic counts the frames with PTBs that crossed the LANs.
type Traffic struct {
	// PTBs is the number of messages that the router delivered.
	PTBs int
	// PTBsTo is PTBs by the server that got them, PTBsTo[name].
	PTBsTo map[string]int
	// Broadcasts is the number of copies sent to all.
	Broadcasts int
	// BroadcastsFrom is Broadcasts by source MAC: the server's name where it is
	// that of a server, else the address.
	BroadcastsFrom map[string]int
	// CopiesOfCopies is the number of broadcasts that are not accounted for by a
	// delivered message: each copy must equal one octet for octet behind the
	// hardware addresses, and each message may be copied once.
	CopiesOfCopies int
	// Relayed is the number of messages that servers got from other servers, in
	// packets of their own (pmtud --peers).
	Relayed int
	// Lost is the number of frames that the sniffer could not record. With any
	// the other figures are too low.
	Lost int
}

func newTraffic() Traffic {
	return Traffic{PTBsTo: map[string]int{}, BroadcastsFrom: map[string]int{}}
}

// add counts one LAN's frames. hop is the address that PTBs come from; names are
// the servers' by hardware address.
func (t *Traffic) add(frames []frame, hop netip.Addr, names map[string]string) {
	uncopied := map[string]int{}
	for _, f := range frames {
		server, toServer := names[f.destination().String()]
		switch message := string(f.message()); {
		case f.broadcast():
			t.Broadcasts++
			t.BroadcastsFrom[cmp.Or(names[f.source().String()], f.source().String())]++
			if uncopied[message] == 0 {
				t.CopiesOfCopies++
				continue
			}
			uncopied[message]--
		case toServer && f.from() == hop:
			t.PTBs++
			t.PTBsTo[server]++
			uncopied[message]++
		case toServer:
			t.Relayed++
		}
	}
}

// String tells the figures in words.
func (t Traffic) String() string {
	copies := "none"
	if t.CopiesOfCopies > 0 {
		copies = fmt.Sprint(t.CopiesOfCopies)
	}
	text := fmt.Sprintf("%s arrived, %s sent", count(t.PTBs, "PTB"), count(t.Broadcasts, "broadcast"))
	if t.Relayed > 0 {
		text += fmt.Sprintf(", %d relayed to peers", t.Relayed)
	}
	return text + ", copies of copies: " + copies
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
