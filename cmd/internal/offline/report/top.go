package report

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pmtud/pmtud/cmd/internal/clientprefix"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

func mtuSection(t top[uint32]) section {
	return topSection(section{
		ID: "mtus", Title: "Next-hop MTUs", Empty: "No captured packet has a next-hop MTU.",
		Text: "Next-hop MTUs in bytes, the most frequent first.",
	}, "MTU", t, func(mtu uint32) string { return strconv.FormatUint(uint64(mtu), 10) })
}

func routerSection(t top[netip.Addr]) section {
	return topSection(section{
		ID: "routers", Title: "Routers", Empty: "No captured packet has an IP header.",
		Text: "Source addresses of the packets: the routers that reported an MTU, the most frequent first.",
	}, "router", t, netip.Addr.String)
}

func clientSection(t top[netip.Prefix]) section {
	return topSection(section{
		ID: "clients", Title: "Clients", Empty: "No captured packet quotes another one.",
		Text: fmt.Sprintf("Client networks to which the quoted packets were sent: /%d for IPv4, /%d for IPv6, the most frequent first.",
			clientprefix.Bits4, clientprefix.Bits6),
	}, "clients", t, netip.Prefix.String)
}

// topSection fills a section with the heaviest keys, unless there is none.
func topSection[K comparable](s section, name string, t top[K], text func(K) string) section {
	if len(t.entries) == 0 {
		return s
	}
	s.Empty = ""
	s.Legend = []legend{{classForwarded, "forwarded"}, {classDropped, "dropped"}}
	s.Table.Columns = []column{{name, false}, {"packets", true}, {"forwarded", true}, {"dropped", true}}
	s.Bars = &bars{}
	if !t.exact {
		s.Table.Columns = append(s.Table.Columns, column{"uncertain", true})
		s.Notes = append(s.Notes, "There are too many to count exactly. A figure may be too low, at most by the last column. "+
			"Those not listed have at most "+readable.Number(t.most)+" packets each.")
	}
	most := t.entries[0].Certain()
	for _, e := range t.entries {
		forwarded := e.Certain() - e.Marked
		s.Bars.add(text(e.Key), readable.Number(e.Certain()), most,
			amount{classForwarded, "forwarded", forwarded}, amount{classDropped, "dropped", e.Marked})
		row := []string{text(e.Key), readable.Number(e.Certain()), readable.Number(forwarded), readable.Number(e.Marked)}
		if !t.exact {
			row = append(row, readable.Number(e.Error))
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	if t.others > 0 {
		row := []string{"all others", readable.Number(t.others), "", ""}
		if !t.exact {
			row = append(row, "")
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	return s
}
