package soak

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Names of interfaces: the host's, that for a while, and the other end.
const (
	hostName  = "eth0"
	otherName = "lan9"
	wireName  = "eth0"
)

// host is where the program runs, and the wire that its interface hangs on.
type host struct {
	ns, wire *netns.NS
	name     string // of the interface now
	names    *names
	ledger   ledger
}

func newHost() (*host, error) {
	h := &host{name: hostName}
	var err error
	if h.ns, err = netns.New("host"); err != nil {
		return nil, err
	}
	if h.wire, err = netns.New("wire"); err != nil {
		return nil, errors.Join(err, h.ns.Close())
	}
	for _, ns := range []*netns.NS{h.ns, h.wire} {
		// Nobody but the soak is to send.
		err = errors.Join(err, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	err = errors.Join(err, h.connect(), h.ns.Addr("lo", peersNet))
	if err == nil {
		h.names, err = serveNames(h.ns)
	}
	if err != nil {
		return nil, errors.Join(err, h.ns.Close(), h.wire.Close())
	}
	return h, nil
}

func (h *host) close() error { return errors.Join(h.names.close(), h.ns.Close(), h.wire.Close()) }

// connect makes the interface, with the same address each time.
func (h *host) connect() error {
	return errors.Join(netns.Veth(h.ns, hostName, h.wire, wireName), h.ns.SetMAC(hostName, hostMAC[:]))
}

var hostMAC = [6]byte{2, 0, 0, 0, 0, 2}

// came returns how many frames have come in by the interface.
func (h *host) came() (n uint64, err error) {
	err = h.ns.Do(func() error {
		link, err := netlink.LinkByName(h.name)
		if err == nil {
			n = link.Attrs().Statistics.RxPackets
		}
		return err
	})
	return n, err
}

// turn begins a span of the ledger.
func (h *host) turn(disturbed bool) error {
	n, err := h.came()
	if err != nil {
		return fmt.Errorf("read statistics of %s: %w", h.name, err)
	}
	h.ledger.turn(n, disturbed)
	return nil
}

// disturb does something to the interface that may make the program miss frames, and
// waits until it hears them again.
func (h *host) disturb(p *program, what func() error) error {
	if err := errors.Join(h.turn(true), what(), p.awaitListening(h)); err != nil {
		return err
	}
	return h.turn(false)
}

// flap lowers and raises the interface.
func (h *host) flap(down time.Duration) error {
	err := h.ns.Down(h.name)
	time.Sleep(down)
	return errors.Join(err, h.ns.Up(h.name))
}

// pullCable takes the carrier from the interface, which stays up, and gives it back.
func (h *host) pullCable(without time.Duration) error {
	err := h.wire.Down(wireName)
	time.Sleep(without)
	return errors.Join(err, h.wire.Up(wireName))
}

// remake deletes the interface, and makes another one of the same name.
func (h *host) remake(gone time.Duration) error {
	// Nothing comes in once it is down, so that its count is the last one.
	if err := errors.Join(h.ns.Down(h.name), h.turn(true), h.ns.Delete(h.name)); err != nil {
		return err
	}
	h.name = hostName
	time.Sleep(gone)
	h.ledger.remade()
	return h.connect()
}

// rename gives the interface its other name.
func (h *host) rename() error {
	to := otherName
	if h.name == otherName {
		to = hostName
	}
	err := errors.Join(h.ns.Down(h.name), h.ns.Do(func() error {
		link, err := netlink.LinkByName(h.name)
		if err != nil {
			return err
		}
		return netlink.LinkSetName(link, to)
	}))
	if err != nil {
		return err
	}
	h.name = to
	return h.ns.Up(to)
}
