package peerlist

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// Config is what a [List] is made from.
type Config struct {
	Addresses []Address
	Refresh   time.Duration // how often names are looked up again

	// Port is the UDP port that is sent to; 0 for protocols without ports.
	Port uint16

	// Protocol returns how messages are sent over IPv4 or IPv6; nil if none are.
	Protocol func(ipv6 bool) SocketOptions

	// HopLimit says that the messages of a [Fanout] have a TTL or hop limit of their own.
	HopLimit bool

	// OneFamily sends to names by one address family only, so that a host with addresses of
	// both gets a message once: IPv4 if the name has IPv4 addresses and this host does too.
	OneFamily bool

	Log *slog.Logger
}

// List is a list of peers. Open, Close and Plan belong to the goroutine of a sink; all
// other methods are safe for concurrent use.
type List struct {
	Sockets Sockets // from Open to Close, those of families that may have peers

	config  Config
	peers   []*peer              // in the order of the list
	plan    atomic.Pointer[Plan] // written by update
	watcher *hostnet.Watcher
	changed chan struct{} // holds one if this host's interfaces or addresses may have changed
	own     atomic.Pointer[[]netip.Addr]

	// Used by update, so by Open and then by the goroutine alone.
	built   inputs
	skipped []string

	lookUpError atomic.Pointer[error] // written by update

	stop func() // ends the goroutine and waits for it
}

// New returns a list without addresses. It touches nothing.
func New(c Config) *List {
	l := &List{config: c, changed: make(chan struct{}, 1), stop: func() {}}
	for i, a := range c.Addresses {
		p := newPeer(a)
		p.again = slices.Contains(c.Addresses[:i], a)
		l.peers = append(l.peers, p)
	}
	l.plan.Store(new(Plan))
	return l
}

// Open opens the sockets, looks up names and own addresses, and goes on doing so in the
// background. A name that can't be looked up is no error: it is logged, and tried again.
func (l *List) Open(ctx context.Context) (err error) {
	if l.config.Protocol != nil {
		if err := l.Sockets.open(l); err != nil {
			return err
		}
	}
	if l.watcher, err = hostnet.Watch(l.readOwn, l.config.Log); err != nil {
		return err
	}
	l.firstUpdate(ctx)
	l.stop = l.startUpdates()
	return nil
}

// Close ends the look-ups, waits for those that are under way, closes the sockets and logs
// which peers missed messages.
func (l *List) Close() error {
	l.stop()
	err := l.watcher.Close()
	l.watcher = nil
	l.logFailures()
	return errors.Join(err, l.Sockets.Close())
}

// Plan returns who is to be sent to now.
func (l *List) Plan() *Plan { return l.plan.Load() }

// Targets returns the peers that are sent to now, in the order of the list. It must not be changed.
func (l *List) Targets() []Target { return l.plan.Load().sentTo }

// Addresses returns the list as it was configured, without duplicates.
func (l *List) Addresses() (list []Address) {
	for _, p := range l.peers {
		if !p.again {
			list = append(list, p.Address)
		}
	}
	return list
}

// HasNames reports whether the list has host names.
func (l *List) HasNames() bool {
	return slices.ContainsFunc(l.peers, func(p *peer) bool { return p.Name != "" })
}

// families reports for which address families there may be peers.
func (l *List) families() (ipv4, ipv6 bool) {
	for _, p := range l.peers {
		ipv4 = ipv4 || p.IP.Is4() || p.Name != ""
		ipv6 = ipv6 || p.IP.Is6() || p.Name != ""
	}
	return ipv4, ipv6
}

// resolverFiles are what Go's resolver reads, again when they change.
var resolverFiles = []pipeline.File{
	{Path: "/etc/resolv.conf"}, {Path: "/etc/hosts"}, {Path: "/etc/nsswitch.conf", Optional: true},
}

// Needs returns what the list uses of the host. Netlink is for the host's own addresses;
// names are looked up over IPv4 and IPv6, whatever the peers' families are.
func (l *List) Needs() pipeline.Needs {
	n := pipeline.Needs{Families: []string{"AF_NETLINK", "AF_INET", "AF_INET6"}}
	for _, p := range l.peers {
		n.Hosts = append(n.Hosts, p.String())
	}
	if l.HasNames() {
		n.Files = resolverFiles
	}
	return n
}

// Health is for [pipeline.HealthChecker]: nobody can be sent to since no name can be
// looked up, or an interface is missing. A name that does not exist is none of these
// troubles: a cluster of one has no peers yet.
func (l *List) Health() error {
	if why := l.lookUpError.Load(); why != nil {
		return *why
	}
	return nil
}

// noteLookUps sets what Health returns, after an update.
func (l *List) noteLookUps() {
	var why *error
	if plan := l.plan.Load(); plan.IPv4 == nil && plan.IPv6 == nil {
		why = l.firstLookUpError()
	}
	l.lookUpError.Store(why)
}

func (l *List) firstLookUpError() *error {
	for _, p := range l.peers {
		if why := p.broken; why != nil {
			return &why
		}
		if p.IP.Zone() != "" && zoneIndex(p.IP) == 0 {
			err := errors.New("no peer is known: there is no interface " + p.IP.Zone())
			return &err
		}
	}
	return nil
}
