package inject

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// lookInterval is how often the device is looked after although nothing was announced: the
// kernel announces few of the sysctls that stop packets.
const lookInterval = 5 * time.Second

// repairInterval is how often at most what somebody else changed is changed back.
const repairInterval = time.Second

var errTooSoon = errors.New("something else keeps changing it; pmtud changes it back once a second")

// host is what the sink has of the host: the device with what belongs to it, and a socket. It
// looks after the device whenever something changed, in the watcher's goroutine.
type host struct {
	settings Settings
	log      *slog.Logger

	rt     *rtnetlink
	guard  *guard
	socket *socket
	undo   []func() error // ends what open began, in reverse order

	// Of the goroutine that looks.
	made     int       // index of the device that was made, 0 if none was
	repaired time.Time // when something was changed
	unguard  [len(families)]string
	said     string // obstacles that the log was told

	state atomic.Pointer[state]
}

// state is what the last look found.
type state struct {
	port
	obstacles []obstacle
}

// closed is the state before open and after close.
var closed = &state{port: port{unusable: NoDevice}}

func newHost(s Settings, log *slog.Logger) *host {
	h := &host{settings: s, log: log}
	h.state.Store(closed)
	return h
}

// port returns how frames get into the device now.
func (h *host) port() *port { return &h.state.Load().port }

// complaint returns all that would stop packets.
func (h *host) complaint() error {
	var errs []error
	for _, o := range h.state.Load().obstacles {
		errs = append(errs, errors.New(o.subject+" "+o.state))
	}
	return errors.Join(errs...)
}

func (h *host) send(to *port, frame []byte) pipeline.Reason { return h.socket.send(to, frame) }

func (h *host) open() error {
	err := h.acquire()
	if err != nil {
		err = fmt.Errorf("open device %s: %w", h.settings.Device, err)
		return errors.Join(err, h.close())
	}
	return nil
}

func (h *host) acquire() (err error) {
	if h.rt, err = openRtnetlink(); err != nil {
		return err
	}
	h.undo = append(h.undo, func() error { h.rt.close(); return nil })
	if h.socket, err = openSocket(h.settings.mark(), h.log); err != nil {
		return err
	}
	h.undo = append(h.undo, h.socket.close)
	if h.settings.Create {
		if err := h.takeDevice(); err != nil {
			return err
		}
	}
	const groups = 1<<(unix.RTNLGRP_TC-1) | 1<<(unix.RTNLGRP_IPV4_RULE-1) | 1<<(unix.RTNLGRP_IPV6_RULE-1) |
		1<<(unix.RTNLGRP_IPV4_NETCONF-1) | 1<<(unix.RTNLGRP_IPV6_NETCONF-1)
	watcher, err := hostnet.WatchAlso(groups, lookInterval, h.look, h.log)
	h.undo = append(h.undo, watcher.Close)
	return err
}

// takeDevice makes the device's name this process's own, and removes what a killed predecessor
// left.
func (h *host) takeDevice() error {
	device, err := claimDevice(string(h.settings.Device))
	if err != nil {
		return err
	}
	h.undo = append(h.undo, device.Close)
	if mark := h.settings.mark(); mark != 0 {
		claim, err := claimMark(mark)
		if err != nil {
			return err
		}
		h.undo = append(h.undo, claim.Close)
	}
	h.guard = newGuard(h.rt, h.settings)
	h.undo = append(h.undo, h.guard.remove, h.remove)
	return h.rt.removePair(string(h.settings.Device))
}

// close removes what open made. It may be called whatever open did.
func (h *host) close() error {
	var errs []error
	for _, undo := range slices.Backward(h.undo) {
		errs = append(errs, undo())
	}
	h.undo = nil
	h.state.Store(closed)
	return errors.Join(errs...)
}

// remove removes the device. One that somebody else made meanwhile stays.
func (h *host) remove() error {
	if err := h.rt.removePair(string(h.settings.Device)); !errors.Is(err, errForeign) {
		return err
	}
	return nil
}

// look makes everything as it should be, and finds out whether it is.
func (h *host) look() error {
	var err error
	if h.settings.Create {
		err = h.repair()
	}
	f, factsErr := h.rt.facts(h.settings)
	if factsErr == nil {
		s := &state{port: h.portOf(f), obstacles: f.obstacles()}
		h.state.Store(s)
		h.report(s.obstacles)
	}
	return errors.Join(err, factsErr)
}

// portOf tells how frames get into the device.
func (h *host) portOf(f facts) port {
	p := port{unusable: f.unusable()}
	for i := range families {
		p.maxTTL[i] = h.settings.maxTTL(h.unguard[i] == "")
	}
	if f.end != nil && f.device != nil {
		p.index = f.end.Attrs().Index
		copy(p.mac[:], f.device.Attrs().HardwareAddr)
	}
	return p
}

// report logs obstacles when they change.
func (h *host) report(obstacles []obstacle) {
	now := fmt.Sprint(obstacles)
	switch {
	case now == h.said:
		return
	case len(obstacles) == 0 && h.said != "":
		h.log.Info("packets get through again")
	}
	for _, o := range obstacles {
		h.log.Warn("packets do not get through", "cause", o.subject+" "+o.state, "hint", o.advice)
	}
	h.said = now
}

// mayChange is asked before something that somebody else may have changed is changed back.
// All that one look changes is one repair.
func (h *host) mayChange() error {
	if time.Since(h.repaired) < repairInterval {
		return errTooSoon
	}
	return nil
}

// repair makes the guard, the device and the redirection as they should be. The rules come
// first: they hold for a device that will have the name.
func (h *host) repair() error {
	first := h.repaired.IsZero()
	guarded, guardErr := h.setGuard()
	made, err := h.setDevice()
	if guarded || made {
		h.repaired = time.Now()
		if !first {
			h.log.Warn("restored the device and its policy rules, which had been changed")
		}
	}
	return errors.Join(guardErr, err)
}

// setGuard sets the policy rules. A family without them has lower TTLs, and the log says so. An
// error is one that passes.
func (h *host) setGuard() (changed bool, passing error) {
	for i, family := range families {
		c, err := h.guard.set(family, h.mayChange)
		changed = changed || c
		if errors.Is(err, errTooSoon) {
			passing = err
		}
		h.noteGuard(i, err)
	}
	return changed, passing
}

// noteGuard notes whether the guard of a family is set.
func (h *host) noteGuard(i int, err error) {
	why := ""
	if err != nil {
		why = reason(err, "policy rules").Error()
	}
	if why != h.unguard[i] && why != "" {
		h.log.Warn("only their TTL keeps packets from looping", "family", familyName(families[i]), "ttl", h.settings.TTL, "error", why)
	}
	h.unguard[i] = why
}

func familyName(family int) string {
	if family == unix.AF_INET6 {
		return "IPv6"
	}
	return "IPv4"
}

// setDevice makes the device if it is not there, and sets what belongs to it.
func (h *host) setDevice() (changed bool, err error) {
	device, err := h.rt.find(string(h.settings.Device))
	if err != nil {
		return false, err
	}
	if device != nil && device.Attrs().Index == h.made {
		return h.setUp(device)
	}
	if err := h.mayChange(); err != nil {
		return false, err
	}
	if err := h.rt.removePair(string(h.settings.Device)); err != nil {
		return false, err
	}
	if device, err = h.make(); err != nil {
		return true, err
	}
	_, err = h.setUp(device)
	return true, err
}

// make makes the device, and configures what no one changes by accident.
func (h *host) make() (netlink.Link, error) {
	if renamed := h.rt.byIndex(h.made); renamed != nil && h.rt.isOwn(renamed) {
		_ = h.rt.LinkDel(renamed) // the other end would be in the way
	}
	mac, err := h.destination()
	if err != nil {
		return nil, err
	}
	device, err := h.rt.makePair(string(h.settings.Device), mac)
	if err != nil {
		return nil, err
	}
	h.made = device.Attrs().Index
	return device, h.rt.configure(device)
}

// destination returns the address that frames have: the device's own. A bridge whose port they
// pass takes in those that have its address.
func (h *host) destination() (mac [macLen]byte, err error) {
	mac = deviceMAC
	if h.settings.AsFrom == "" {
		return mac, nil
	}
	from, err := h.rt.find(string(h.settings.AsFrom))
	if err != nil || from == nil {
		return mac, err
	}
	if master := h.rt.byIndex(from.Attrs().MasterIndex); master != nil && len(master.Attrs().HardwareAddr) == macLen {
		mac = [macLen]byte(master.Attrs().HardwareAddr)
	}
	return mac, nil
}

// setUp sets what belongs to a device that was made.
func (h *host) setUp(device netlink.Link) (changed bool, err error) {
	for _, step := range []func(netlink.Link) (bool, error){h.setAddress, h.setConf, h.setRunning, h.setRedirect} {
		c, err := step(device)
		changed = changed || c
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (h *host) setAddress(device netlink.Link) (bool, error) {
	if h.rt.hasIPv4(device) {
		return false, nil
	}
	if err := h.mayChange(); err != nil {
		return false, err
	}
	return true, h.rt.address(device, h.settings.Address)
}

// setConf sets rp_filter and forwarding. A rp_filter of 2 is better than 1 for all interfaces.
func (h *host) setConf(device netlink.Link) (bool, error) {
	confs, err := h.rt.netconfs(unix.AF_INET)
	if err != nil {
		return false, err
	}
	index := device.Attrs().Index
	var want netconf
	if anyForwards(confs) {
		want.forwarding = 1
	}
	if confs[allInterfaces].rpFilter == 1 {
		want.rpFilter = 2
	}
	if confs[index] == want {
		return false, nil
	}
	if err := h.mayChange(); err != nil {
		return false, err
	}
	return true, h.rt.setNetconf(index, map[uint16]uint32{
		devconfForwarding: uint32(want.forwarding), devconfRPFilter: uint32(want.rpFilter),
	})
}

func (h *host) setRunning(device netlink.Link) (changed bool, _ error) {
	for _, end := range []netlink.Link{device, h.rt.endOf(device)} {
		if end == nil || isUp(end) {
			continue
		}
		if err := h.mayChange(); err != nil {
			return changed, err
		}
		if err := h.rt.LinkSetUp(end); err != nil {
			return changed, fmt.Errorf("raise device %s: %w", end.Attrs().Name, reason(err, "veth"))
		}
		changed = true
	}
	if changed {
		h.awaitCarrier(device)
	}
	return changed, nil
}

// awaitCarrier waits for the kernel, which looks after carriers in its own time and forgets frames
// until then. A notification tells if it takes longer.
func (h *host) awaitCarrier(device netlink.Link) {
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		now := h.rt.byIndex(device.Attrs().Index)
		if now == nil || isRunning(now) && isRunning(h.rt.endOf(now)) {
			return
		}
	}
}

// setRedirect redirects what arrives. An interface that is not there is an obstacle like one
// that is down.
func (h *host) setRedirect(device netlink.Link) (bool, error) {
	if h.settings.AsFrom == "" {
		return false, nil
	}
	from, err := h.rt.find(string(h.settings.AsFrom))
	if err != nil || from == nil || h.rt.redirects(device, from.Attrs().Index) {
		return false, err
	}
	if err := h.mayChange(); err != nil {
		return false, err
	}
	return true, h.rt.redirect(device, from.Attrs().Index)
}
