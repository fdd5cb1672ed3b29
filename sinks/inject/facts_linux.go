package inject

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

// facts is what decides whether packets get into the stack, as it is now.
type facts struct {
	settings Settings
	device   netlink.Link // nil if it is not there
	end      netlink.Link // where frames are sent: the other end, or lo itself; nil if there is none
	own      bool         // a pair that a sink like this one made

	addressed    bool // the device has an IPv4 address
	rpFilter     int  // that holds for the device
	forwards     bool // the device forwards IPv4
	hostForwards bool // any interface does
	lacksIPv6    bool // the device takes no IPv6, which others do

	from     netlink.Link // the interface whose ingress packets pass; nil if it is not there
	fromVRF  string       // the VRF that it is in
	redirect bool         // they do pass it
}

// obstacle is something that stops packets, and what to do about it.
type obstacle struct{ subject, state, advice string }

// facts finds out what there is now.
func (rt *rtnetlink) facts(s Settings) (facts, error) {
	f := facts{settings: s}
	device, err := rt.find(string(s.Device))
	if err != nil {
		return f, err
	}
	confs, err := rt.netconfs(unix.AF_INET)
	if err == nil && s.AsFrom != "" {
		err = f.ofFrom(rt)
	}
	if err != nil || device == nil {
		f.hostForwards = anyForwards(confs)
		return f, err
	}
	f.device, f.own = device, rt.isOwn(device)
	if f.end = rt.endOf(device); device.Attrs().Flags&net.FlagLoopback != 0 {
		f.end = device
	}
	f.ofIP(rt, confs)
	if f.from != nil {
		f.redirect = rt.redirects(device, f.from.Attrs().Index)
	}
	return f, nil
}

// ofFrom finds out about the interface whose ingress packets pass.
func (f *facts) ofFrom(rt *rtnetlink) (err error) {
	f.from, err = rt.find(string(f.settings.AsFrom))
	if f.from == nil {
		return err
	}
	if master, ok := rt.byIndex(f.from.Attrs().MasterIndex).(*netlink.Vrf); ok {
		f.fromVRF = master.Name
	}
	return nil
}

// ofIP finds out what the IP stack does with packets of the device.
func (f *facts) ofIP(rt *rtnetlink, confs map[int]netconf) {
	index := f.device.Attrs().Index
	f.addressed = rt.hasIPv4(f.device)
	f.rpFilter = max(confs[index].rpFilter, confs[allInterfaces].rpFilter)
	f.forwards, f.hostForwards = confs[index].forwarding != 0, anyForwards(confs)
	end := index
	if f.end != nil {
		end = f.end.Attrs().Index
	}
	f.lacksIPv6 = rt.lacksIPv6(index, end)
}

// anyForwards reports whether an interface forwards, or all do.
func anyForwards(confs map[int]netconf) bool {
	for i, c := range confs {
		if i >= allInterfaces && c.forwarding != 0 {
			return true
		}
	}
	return false
}

func isUp(link netlink.Link) bool { return link.Attrs().Flags&net.FlagUp != 0 }

// isRunning reports whether a device is up and has a carrier.
func isRunning(link netlink.Link) bool {
	return link != nil && isUp(link) && link.Attrs().RawFlags&unix.IFF_RUNNING != 0
}

// unusable returns why no packet can be sent, Pass if it can.
func (f facts) unusable() pipeline.Reason {
	switch {
	case f.device == nil || f.end == nil || f.settings.Create && !f.own:
		return NoDevice
	case !isRunning(f.device) || !isRunning(f.end):
		return DeviceDown
	case f.settings.AsFrom == "":
		return pipeline.Pass
	case f.from == nil || !f.redirect || f.ofVRF() != nil:
		return NoDevice
	case !isUp(f.from):
		return DeviceDown
	}
	return pipeline.Pass
}

// obstacles returns what stops all packets, or those of one family.
func (f facts) obstacles() []obstacle {
	switch o := f.ofDevice(); {
	case o != nil:
		return []obstacle{*o}
	case f.settings.AsFrom != "":
		return f.ofIngress()
	}
	return f.ofStack()
}

func (f facts) ofDevice() *obstacle {
	name := string(f.settings.Device)
	o := obstacle{subject: "device " + name}
	switch {
	case f.device == nil:
		o.state, o.advice = "does not exist", fmt.Sprintf("ip link add %s type veth peer name %s", name, otherEnd(name))
	case f.settings.Create && !f.own:
		o.state, o.advice = "was not created by pmtud", fmt.Sprintf("ip link del %s, or set another device", name)
	case f.end == nil:
		o.state, o.advice = "is neither lo nor one end of a veth pair whose ends are both here", "set another device"
	case !isUp(f.device):
		o.state, o.advice = "is down", "ip link set "+name+" up"
	case !isUp(f.end):
		end := f.end.Attrs().Name
		o.state, o.advice = "has another end, "+end+", that is down", "ip link set "+end+" up"
	case !isRunning(f.device) || !isRunning(f.end):
		o.state, o.advice = "has no carrier", "wait a second; ip link show "+name
	default:
		return nil
	}
	return &o
}

// ofVRF is about the routes of an interface that is in a VRF: the rules of the guard come before
// that of VRFs.
func (f facts) ofVRF() *obstacle {
	if f.fromVRF == "" || f.settings.Mark == 0 {
		return nil
	}
	return &obstacle{
		"as_from " + string(f.settings.AsFrom),
		"is in the VRF " + f.fromVRF + ", whose routes the policy rules for the mark leave out", "set mark: 0",
	}
}

// ofIngress is about the interface whose ingress packets pass. Its rp_filter is as for all that
// arrives there.
func (f facts) ofIngress() []obstacle {
	name := string(f.settings.AsFrom)
	switch o := f.ofVRF(); {
	case o != nil:
		return []obstacle{*o}
	case f.from == nil:
		return []obstacle{{"interface " + name, "does not exist", "set as_from to one that `ip link` shows"}}
	case !isUp(f.from):
		return []obstacle{{"interface " + name, "is down", "ip link set " + name + " up"}}
	case !f.redirect:
		return []obstacle{{"interface " + name, "does not receive what arrives at " + string(f.settings.Device), "look for the filter's error in the log"}}
	}
	return nil
}

// ofStack is about what the IP stack does with packets of the device.
func (f facts) ofStack() (list []obstacle) {
	name := string(f.settings.Device)
	loopback := f.device == f.end
	add := func(subject, state, advice string) { list = append(list, obstacle{subject, state, advice}) }
	switch {
	case f.rpFilter == 1:
		add("sysctl net.ipv4.conf."+name+".rp_filter", "is 1: messages from routers that are reached through another interface are dropped",
			fmt.Sprintf("sysctl -w net.ipv4.conf.%s.rp_filter=2 (the larger of this and conf.all counts)", name))
	case f.rpFilter != 0 && !f.addressed:
		add("device "+name, "has no IPv4 address: rp_filter drops all that arrives at it",
			fmt.Sprintf("ip address add %s dev %s scope link", f.settings.Address, name))
	}
	if f.hostForwards && !f.forwards && !loopback {
		add("sysctl net.ipv4.conf."+name+".forwarding", "is 0: IPv4 messages reach no container", "sysctl -w net.ipv4.conf."+name+".forwarding=1")
	}
	if f.lacksIPv6 {
		add("sysctl net.ipv6.conf."+name+".disable_ipv6", "is 1: IPv6 messages are dropped", "sysctl -w net.ipv6.conf."+name+".disable_ipv6=0")
	}
	return list
}
