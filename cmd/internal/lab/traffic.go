package lab

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Traffic counts the frames with PTBs and what pmtud made of them on the LANs.
type Traffic struct {
	// PTBs is the number of messages that the router delivered.
	PTBs int
	// PTBsTo is PTBs by the server that got them, PTBsTo[name].
	PTBsTo map[string]int
	// Returns is how many times the router delivered one of these again, since the
	// server had sent it back.
	Returns int
	// Broadcasts is the number of copies sent to all.
	Broadcasts int
	// BroadcastsFrom is Broadcasts by source MAC: the server's name where it is
	// that of a server, else the address.
	BroadcastsFrom map[string]int
	// CopiesOfCopies is the number of broadcasts that are not accounted for by a
	// delivered message: each copy must equal one byte for byte behind the
	// hardware addresses, and each message may be copied once.
	CopiesOfCopies int
	// Relayed is the number of messages that servers got from other servers, in
	// packets of their own (pmtud --peers).
	Relayed int
	// Datagrams is the number of relay datagrams that servers got from other servers.
	Datagrams int
	// Lost is the number of frames that the sniffer could not record. With any
	// the other figures are too low.
	Lost int
}

func newTraffic() Traffic {
	return Traffic{PTBsTo: map[string]int{}, BroadcastsFrom: map[string]int{}}
}

// place is where frames come from and go to.
type place struct {
	hop     netip.Addr            // that sends the PTBs
	servers map[string]string     // their names by hardware address
	own     map[netip.Addr]string // their names by their own addresses
}

// add counts one LAN's frames.
func (t *Traffic) add(frames []frame, where place) {
	uncopied, delivered := map[string]int{}, map[string]bool{}
	for _, f := range frames {
		server, toServer := where.servers[f.destination().String()]
		_, toItself := where.own[f.to()]
		switch message := string(f.message()); {
		case f.broadcast():
			t.Broadcasts++
			t.BroadcastsFrom[cmp.Or(where.servers[f.source().String()], f.source().String())]++
			if uncopied[message] == 0 {
				t.CopiesOfCopies++
				continue
			}
			uncopied[message]--
		case toServer && f.datagram():
			t.Datagrams++
		case toServer && f.from() == where.hop:
			uncopied[message]++
			if delivered[f.packet()] {
				t.Returns++
				continue
			}
			delivered[f.packet()] = true
			t.PTBs++
			t.PTBsTo[server]++
		case toServer && toItself:
			t.Relayed++
		case toServer: // for a container of that server
			uncopied[message]++
		}
	}
}

// String returns the figures in words.
func (t Traffic) String() string {
	parts := []string{readable.Count(t.PTBs, "PTB") + " arrived"}
	if t.Returns > 0 {
		parts[0] += fmt.Sprintf(" (and %d times again)", t.Returns)
	}
	if t.Datagrams > 0 {
		parts = append(parts, readable.Count(t.Datagrams, "datagram")+" sent")
	}
	if t.Broadcasts > 0 || t.Datagrams == 0 {
		parts = append(parts, readable.Count(t.Broadcasts, "broadcast")+" sent")
	}
	if t.Relayed > 0 {
		parts = append(parts, fmt.Sprintf("%d relayed to peers", t.Relayed))
	}
	copies := "none"
	if t.CopiesOfCopies > 0 {
		copies = fmt.Sprint(t.CopiesOfCopies)
	}
	return strings.Join(append(parts, "copies of copies: "+copies), ", ")
}
