package soak

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// otherName is the name that the host's interface has for a while.
const otherName = "lan9"

// host is where the program runs, and the wire that its interface hangs on.
type host struct {
	*rig.Cable
	name   string // of the interface now
	names  *names
	ledger ledger
}

func newHost() (*host, error) {
	cable, err := rig.NewCable()
	if err != nil {
		return nil, err
	}
	h := &host{Cable: cable, name: rig.Interface}
	err = h.Host.Addr("lo", peersNet)
	if err == nil {
		h.names, err = serveNames(h.Host)
	}
	if err != nil {
		return nil, errors.Join(err, cable.Close())
	}
	return h, nil
}

func (h *host) close() error { return errors.Join(h.names.close(), h.Close()) }

// came returns how many frames have come in by the interface.
func (h *host) came() (n uint64, err error) {
	err = h.Host.Do(func() error {
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
	err := h.Host.Down(h.name)
	time.Sleep(down)
	return errors.Join(err, h.Host.Up(h.name))
}

// pullCable takes the carrier from the interface, which stays up, and gives it back.
func (h *host) pullCable(without time.Duration) error {
	err := h.Wire.Down(rig.Interface)
	time.Sleep(without)
	return errors.Join(err, h.Wire.Up(rig.Interface))
}

// remake deletes the interface, and makes another one of the same name.
func (h *host) remake(gone time.Duration) error {
	// Nothing comes in once it is down, so that its count is the last one.
	if err := errors.Join(h.Host.Down(h.name), h.turn(true), h.Host.Delete(h.name)); err != nil {
		return err
	}
	h.name = rig.Interface
	time.Sleep(gone)
	h.ledger.remade()
	return h.Connect()
}

// rename gives the interface its other name.
func (h *host) rename() error {
	to := otherName
	if h.name == otherName {
		to = rig.Interface
	}
	err := errors.Join(h.Host.Down(h.name), h.Host.Do(func() error {
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
	return h.Host.Up(to)
}
