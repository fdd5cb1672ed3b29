package doctor

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

// setting is a setting of the kernel that may be wrong. Its name has slashes, as those of
// interfaces may have dots.
type setting struct {
	name  string
	wrong func(int) bool
	level hostcheck.Level
	why   string
	good  string
}

func not(good int) func(int) bool    { return func(value int) bool { return value != good } }
func is(bad int) func(int) bool      { return func(value int) bool { return value == bad } }
func above(limit int) func(int) bool { return func(value int) bool { return value > limit } }
func below(limit int) func(int) bool { return func(value int) bool { return value < limit } }

// settings are those that hold for the whole namespace.
var settings = []setting{
	{
		"net/ipv4/ip_no_pmtu_disc", not(0), hostcheck.Problem,
		"the kernel ignores all or some IPv4 \"packet too big\" messages, and may not set DF", "0",
	},
	{
		"net/ipv4/tcp_mtu_probing", is(2), hostcheck.Warning,
		"every connection starts with segments of 1024 bytes; with 1, only those that hang use them", "1",
	},
	{
		"net/ipv4/route/min_pmtu", above(552), hostcheck.Warning,
		"path MTUs below this are not learned: packets on such paths go out without DF, and are fragmented or lost", "552",
	},
	{
		"net/ipv4/route/mtu_expires", below(60), hostcheck.Warning,
		"the path MTU is forgotten so soon that long connections hang again and again until the next message arrives", "600",
	},
	{
		"net/ipv6/route/mtu_expires", below(60), hostcheck.Warning,
		"the path MTU is forgotten so soon that long connections hang again and again until the next message arrives", "600",
	},
	{
		"net/ipv4/icmp_ratelimit", above(1000), hostcheck.Warning,
		"this host sends ICMP answers and errors less than once a second: tools see a silent hop", "1000",
	},
	{
		"net/ipv6/icmp/ratelimit", above(1000), hostcheck.Warning,
		"this host sends ICMPv6 errors less than once a second: senders may not learn that a packet is too big", "1000",
	},
}

// perInterface are those of each uplink. Of IPv4 the greater one of it and "all" counts.
var perInterface = []setting{
	{
		"net/ipv4/conf/%s/drop_unicast_in_l2_multicast", not(0), hostcheck.Problem,
		"this host drops the copies of messages that other servers broadcast", "0",
	},
	{
		"net/ipv6/conf/%s/drop_unicast_in_l2_multicast", not(0), hostcheck.Problem,
		"this host drops the copies of messages that other servers broadcast", "0",
	},
	{
		"net/ipv4/conf/%s/rp_filter", is(1), hostcheck.Warning,
		"messages from routers that are reached through another interface are dropped before a socket sees them", "2",
	},
}

// hashPolicy is that of routers with several ways.
func hashPolicy(family string) setting {
	return setting{
		"net/" + family + "/fib_multipath_hash_policy", is(1), hostcheck.Warning,
		"this host has several routes and hashes ports to choose one: messages about a connection take another route than its packets", "0",
	}
}

func (r *Report) sysctls(routes *routing) {
	for _, s := range settings {
		r.check(s, s.name)
	}
	for _, link := range routes.uplinks {
		for _, s := range perInterface {
			r.check(s, fmt.Sprintf(s.name, link.Attrs().Name))
		}
	}
	if routes.multipath4 && forwards(false) {
		s := hashPolicy("ipv4")
		r.check(s, s.name)
	}
	if routes.multipath6 && forwards(true) {
		s := hashPolicy("ipv6")
		r.check(s, s.name)
	}
}

func (r *Report) check(s setting, name string) {
	value, err := sysctl(name)
	if err != nil {
		return // this kernel has no such setting
	}
	spoken := strings.NewReplacer(".", "/", "/", ".").Replace(name)
	command := fmt.Sprintf("sysctl -w %s=%s", spoken, s.good)
	if folder, own, ok := strings.Cut(s.name, "/%s/"); ok && strings.HasPrefix(s.name, "net/ipv4/") {
		all := folder + "/all/" + own
		if common, err := sysctl(all); err == nil && common > value {
			value = common
			command += " " + strings.ReplaceAll(all, "/", ".") + "=" + s.good
		}
	}
	if s.wrong(value) {
		r.add(Finding{
			Level: s.level, Subject: "sysctl " + spoken, State: fmt.Sprintf("is %d", value), Why: s.why, Do: command,
		})
	}
}

func sysctl(name string) (int, error) {
	text, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// forwards reports whether the namespace is a router.
func forwards(is6 bool) bool {
	name := "net/ipv4/ip_forward"
	if is6 {
		name = "net/ipv6/conf/all/forwarding"
	}
	value, err := sysctl(name)
	return err == nil && value != 0
}
