package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/clientprefix"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/tcpdiag"
)

// Times between samples of connections. In the first a connection that hangs has repeated
// itself three times; the second is for those that had only begun to.
const (
	firstWait  = 2 * time.Second
	secondWait = 3 * time.Second
)

// connections looks for connections that look black-holed.
func (r *Report) connections(ctx context.Context, spaces []*netspace.Space) error {
	before := sample(spaces, r)
	if !before.any(waiting) {
		return nil
	}
	var after samples
	for _, wait := range []time.Duration{firstWait, secondWait} {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		after = sample(spaces, r)
		if !after.any(repeating) {
			break
		}
	}
	var suspects []*client
	for i, conns := range after {
		suspects = append(suspects, group(spaces[i], before[i], conns)...)
	}
	confirm(ctx, suspects)
	for _, c := range suspects {
		if c.confirmed != refuted {
			r.add(c.finding())
		}
	}
	return ctx.Err()
}

// samples are the connections of each namespace by their cookies.
type samples []map[uint64]tcpdiag.Conn

func sample(spaces []*netspace.Space, r *Report) samples {
	all := make(samples, len(spaces))
	for i, s := range spaces {
		all[i] = map[uint64]tcpdiag.Conn{}
		err := s.Do(func() error {
			conns, err := tcpdiag.List()
			for _, c := range conns {
				all[i][c.Cookie] = c
			}
			return err
		})
		if err != nil {
			r.unseen("connections: " + err.Error())
		}
	}
	return all
}

func (s samples) any(what func(tcpdiag.Conn) bool) bool {
	for _, conns := range s {
		for _, c := range conns {
			if what(c) {
				return true
			}
		}
	}
	return false
}

// waiting reports whether data is not acknowledged.
func waiting(c tcpdiag.Conn) bool { return c.Info.Unacked > 0 }

// repeating reports whether a connection may come to look black-holed.
func repeating(c tcpdiag.Conn) bool {
	return waiting(c) && c.Info.Retransmits > 0 && c.Info.Retransmits < enough
}

// Bounds of the rule.
const (
	enough     = 3    // retransmissions in a row
	smallest   = 536  // bytes of a segment that gets through everywhere
	nearlyFull = 0.95 // of a full-size segment
)

// blackHoled reports whether full-size segments are retransmitted and not acknowledged, and
// whether a smaller, later one has arrived, which makes it certain.
func blackHoled(before, after tcpdiag.Conn) (suspect, certain bool) {
	i := after.Info
	if i.Retransmits < enough || i.Unacked == 0 || i.Total_retrans == 0 || i.Snd_mss <= smallest || i.Probes != 0 ||
		i.Bytes_acked != before.Info.Bytes_acked {
		return false, false
	}
	times, bytes := i.Total_retrans, i.Bytes_retrans
	if before.Info.Total_retrans < times { // what was before may be another story
		times -= before.Info.Total_retrans
		bytes -= before.Info.Bytes_retrans
	}
	if float64(bytes)/float64(times) < nearlyFull*float64(i.Snd_mss) {
		return false, false
	}
	return true, i.Sacked > 0
}

// client is a prefix with connections that look black-holed.
type client struct {
	space                 *netspace.Space
	prefix                netip.Prefix
	all, suspect, certain int
	local, remote         netip.AddrPort // of one of them
	segment               uint32
	confirmed             confirmation
}

// group counts a namespace's connections by the prefixes of their peers, and returns those with
// suspects.
func group(space *netspace.Space, before, after map[uint64]tcpdiag.Conn) (suspects []*client) {
	by := map[netip.Prefix]*client{}
	for cookie, c := range after {
		prefix := clientprefix.Of(c.Remote.Addr())
		in := by[prefix]
		if in == nil {
			in = &client{space: space, prefix: prefix}
			by[prefix] = in
		}
		in.all++
		old, known := before[cookie]
		if !known {
			old = c // it is young; all that it has done counts
			old.Info.Total_retrans, old.Info.Bytes_retrans = 0, 0
		}
		suspect, certain := blackHoled(old, c)
		if !suspect {
			continue
		}
		in.suspect++
		in.local, in.remote, in.segment = c.Local, c.Remote, c.Info.Snd_mss
		if certain {
			in.certain++
			in.confirmed = confirmed
		}
	}
	for _, in := range by {
		if in.suspect > 0 {
			suspects = append(suspects, in)
		}
	}
	slices.SortFunc(suspects, func(a, b *client) int { return a.prefix.Compare(b.prefix) })
	return suspects
}

func (c *client) finding() Finding {
	f := Finding{
		Level: hostcheck.Problem, Namespace: c.space.Name, Subject: fmt.Sprintf("connections to %v", c.prefix),
		Why: "they hang: a router on the path drops large packets, and its messages do not reach this host",
		Do: fmt.Sprintf(
			"pmtud probe --from %v %v shows where; sysctl -w net.ipv4.tcp_mtu_probing=1 lets connections find a size that fits",
			c.local.Addr(), c.remote.Addr(),
		),
	}
	sure := "confirmed by a probe"
	switch {
	case c.certain > 0:
		sure = fmt.Sprintf("certain for %d: their smaller segments arrive", c.certain)
	case c.confirmed == unknown:
		f.Level = hostcheck.Warning
		sure = "unless the client is gone: it does not answer probes either"
	}
	f.State = fmt.Sprintf(
		"look black-holed: %d of %d retransmit full-size segments of %d bytes that nobody acknowledges (%s)", c.suspect, c.all, c.segment, sure,
	)
	return f
}
