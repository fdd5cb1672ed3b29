package hostcheck

import (
	"fmt"
	"net"

	"github.com/pmtud/pmtud/pipeline/hostnet"
)

func (c *checker) iface(name string) {
	called := name
	c.once("interface "+called, func() []Finding { return one(ifaceState(called)) })
	if ifi, err := hostnet.Find(name); err == nil && ifi != nil {
		name = ifi.Name // its settings are not called by an alternative one
	}
	// Where this host broadcasts, the copies of the others arrive.
	c.once("sysctl net.ipv4.conf."+name+".rp_filter", func() []Finding { return rpFilter(name) })
	c.once("sysctl net.ipv4.conf."+name+".drop_unicast_in_l2_multicast", func() []Finding { return dropUnicast(name) })
	c.once("sysctl net.ipv6.conf."+name+".drop_unicast_in_l2_multicast", func() []Finding { return dropUnicast6(name) })
}

func ifaceState(name string) Finding {
	ifi, err := hostnet.Find(name)
	switch {
	case err != nil:
		return Finding{Level: Warning, State: "can't be looked up: " + err.Error()}
	case ifi == nil:
		return Finding{Level: Problem, State: "does not exist", Advice: "use one that `ip link` shows, or create it first"}
	case ifi.Flags&net.FlagUp == 0:
		return Finding{Level: Problem, State: "is down", Advice: "ip link set " + name + " up"}
	case ifi.Flags&net.FlagRunning == 0:
		return Finding{Level: Warning, State: "has no carrier", Advice: "check the cable and the other end of the link"}
	}
	return Finding{State: fmt.Sprintf("is up, its MTU is %d", ifi.MTU)}
}
