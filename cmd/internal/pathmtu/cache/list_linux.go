package cache

import (
	"cmp"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/tcpdiag"
)

// List returns what the kernel has learned in a namespace, sorted by destination.
func List(space *netspace.Space, q Query) (entries []Entry, err error) {
	err = space.Do(func() error {
		k, err := openKernel()
		if err != nil {
			return err
		}
		defer k.close()
		entries, err = k.list(q)
		return err
	})
	for i := range entries {
		entries[i].Namespace = space.Name
	}
	return entries, err
}

func (k *kernel) list(q Query) (entries []Entry, err error) {
	for _, family := range q.families() {
		found, err := k.dump(family)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if !q.Destination.IsValid() || e.Destination == q.Destination {
				entries = append(entries, e)
			}
		}
	}
	entries = append(entries, k.unused(q)...)
	for i := range entries {
		e := &entries[i]
		e.VRF = k.vrfs[e.Table].name
		if ifi, err := net.InterfaceByIndex(e.index); err == nil {
			e.Device = ifi.Name
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.Destination.Compare(b.Destination), cmp.Compare(a.Table, b.Table), cmp.Compare(a.index, b.index))
	})
	return slices.CompactFunc(entries, sameEntry), nil
}

// sameEntry ignores the time, which goes on between dump and look-up.
func sameEntry(a, b Entry) bool {
	a.Seconds = b.Seconds
	return a == b
}

func (q Query) families() (families []byte) {
	if q.has4() {
		families = append(families, unix.AF_INET)
	}
	if q.has6() {
		families = append(families, unix.AF_INET6)
	}
	return families
}

// unused returns what only a look-up finds: entries that no packet has used since they were
// learned. All that can be asked about without a destination are hosts with a connection.
func (k *kernel) unused(q Query) (entries []Entry) {
	type question struct {
		addr   netip.Addr
		device int
	}
	var questions []question
	if q.Destination.IsValid() {
		questions = append(questions, question{addr: q.Destination})
		for _, v := range k.vrfs {
			questions = append(questions, question{q.Destination, v.index})
		}
	} else if q.has4() {
		conns, _ := tcpdiag.List() // without them the list is that of the kernel
		for _, c := range conns {
			if c.Remote.Addr().Is4() {
				questions = append(questions, question{c.Remote.Addr(), c.Interface})
			}
		}
	}
	asked := map[question]bool{}
	for _, ask := range questions {
		if asked[ask] {
			continue
		}
		asked[ask] = true
		// A host without a route has no entry either.
		if e, ok, err := k.lookUp(ask.addr, ask.device); err == nil && ok {
			entries = append(entries, e)
		}
	}
	return entries
}
