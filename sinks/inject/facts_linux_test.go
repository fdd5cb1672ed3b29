package inject

import (
	"log/slog"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// link returns an interface that is up, running, both or neither.
func link(name string, up, running bool) netlink.Link {
	d := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: name}}
	if up {
		d.Flags |= net.FlagUp
	}
	if running {
		d.RawFlags |= unix.IFF_RUNNING
	}
	return d
}

// TestFacts has all that decides whether packets get into the stack, one by one, with the reason
// of packets and what the health check, the log and `check --host` say first.
func TestFacts(t *testing.T) {
	made := func(f *facts) {
		f.device, f.end, f.own = link("pmtud0", true, true), link("pmtud0x", true, true), true
		f.settings.Create, f.addressed, f.forwards = true, true, true
	}
	mine := func(f *facts) { made(f); f.own, f.settings.Create = false, false }
	lo := func(f *facts) { mine(f); f.settings.Device, f.end, f.forwards = "lo", f.device, false }
	passing := func(f *facts) {
		made(f)
		f.settings.AsFrom, f.settings.Mark, f.from, f.redirect = "eth0", 45, link("eth0", true, false), true
	}
	const (
		strict    = "sysctl net.ipv4.conf.pmtud0.rp_filter is 1: messages from routers that are reached through another interface are dropped; sysctl -w net.ipv4.conf.pmtud0.rp_filter=2 (the larger of this and conf.all counts)"
		noAddress = "device pmtud0 has no IPv4 address: rp_filter drops all that arrives at it; ip address add 169.254.77.1/32 dev pmtud0 scope link"
		noForward = "sysctl net.ipv4.conf.pmtud0.forwarding is 0: IPv4 messages reach no container; sysctl -w net.ipv4.conf.pmtud0.forwarding=1"
		noIPv6    = "sysctl net.ipv6.conf.pmtud0.disable_ipv6 is 1: IPv6 messages are dropped; sysctl -w net.ipv6.conf.pmtud0.disable_ipv6=0"
		noCarrier = "device pmtud0 has no carrier; wait a second; ip link show pmtud0"
		unfit     = "device pmtud0 is neither lo nor one end of a veth pair whose ends are both here; set another device"
		inVRF     = "as_from eth0 is in the VRF blue, whose routes the policy rules for the mark leave out; set mark: 0"
	)
	for _, tt := range []struct {
		name      string
		base      func(*facts)
		change    func(*facts)
		unusable  pipeline.Reason
		obstacles []string
	}{
		{"made", made, nil, pipeline.Pass, nil},
		{"made beforehand", mine, nil, pipeline.Pass, nil},
		{"loopback", lo, func(f *facts) { f.hostForwards = true }, pipeline.Pass, nil},
		{"no device", made, func(f *facts) { f.device = nil }, NoDevice, []string{"device pmtud0 does not exist; ip link add pmtud0 type veth peer name pmtud0x"}},
		{"somebody else's", made, func(f *facts) { f.own = false }, NoDevice, []string{"device pmtud0 was not created by pmtud; ip link del pmtud0, or set another device"}},
		{"end elsewhere", mine, func(f *facts) { f.end = nil }, NoDevice, []string{unfit}},
		{"down", made, func(f *facts) { f.device = link("pmtud0", false, true) }, DeviceDown, []string{"device pmtud0 is down; ip link set pmtud0 up"}},
		{"end down", made, func(f *facts) { f.end = link("pmtud0x", false, true) }, DeviceDown, []string{"device pmtud0 has another end, pmtud0x, that is down; ip link set pmtud0x up"}},
		{"no carrier", made, func(f *facts) { f.device = link("pmtud0", true, false) }, DeviceDown, []string{noCarrier}},
		{"no carrier at the end", made, func(f *facts) { f.end = link("pmtud0x", true, false) }, DeviceDown, []string{noCarrier}},
		{"strict", made, func(f *facts) { f.rpFilter = 1 }, pipeline.Pass, []string{strict}},
		{"strict, no address", made, func(f *facts) { f.rpFilter, f.addressed = 1, false }, pipeline.Pass, []string{strict}},
		{"loose", made, func(f *facts) { f.rpFilter = 2 }, pipeline.Pass, nil},
		{"loose, no address", made, func(f *facts) { f.rpFilter, f.addressed = 2, false }, pipeline.Pass, []string{noAddress}},
		{"no address", made, func(f *facts) { f.addressed = false }, pipeline.Pass, nil},
		{"no forwarding", made, func(f *facts) { f.hostForwards, f.forwards = true, false }, pipeline.Pass, []string{noForward}},
		{"nothing forwards", made, func(f *facts) { f.forwards = false }, pipeline.Pass, nil},
		{"all forward", made, func(f *facts) { f.hostForwards = true }, pipeline.Pass, nil},
		{"no IPv6", made, func(f *facts) { f.lacksIPv6 = true }, pipeline.Pass, []string{noIPv6}},
		{
			"all of the stack", made, func(f *facts) { f.rpFilter, f.hostForwards, f.forwards, f.lacksIPv6 = 1, true, false, true },
			pipeline.Pass,
			[]string{strict, noForward, noIPv6},
		},
		{"passing", passing, nil, pipeline.Pass, nil},
		{"passing, the stack's settings are the other interface's", passing, func(f *facts) { f.rpFilter, f.lacksIPv6 = 1, true }, pipeline.Pass, nil},
		{"passing, device down", passing, func(f *facts) { f.device = link("pmtud0", false, true) }, DeviceDown, []string{"device pmtud0 is down; ip link set pmtud0 up"}},
		{"passing what is not there", passing, func(f *facts) { f.from = nil }, NoDevice, []string{"interface eth0 does not exist; set as_from to one that `ip link` shows"}},
		{"passing what is down", passing, func(f *facts) { f.from = link("eth0", false, false) }, DeviceDown, []string{"interface eth0 is down; ip link set eth0 up"}},
		{"not redirected", passing, func(f *facts) { f.redirect = false }, NoDevice, []string{"interface eth0 does not receive what arrives at pmtud0; look for the filter's error in the log"}},
		{"in a VRF", passing, func(f *facts) { f.fromVRF = "blue" }, NoDevice, []string{inVRF}},
		{"in a VRF, no mark", passing, func(f *facts) { f.fromVRF, f.settings.Mark = "blue", 0 }, pipeline.Pass, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := facts{settings: Settings{Device: "pmtud0", Address: Plugin().NewSettings().(*Settings).Address}}
			tt.base(&f)
			if tt.change != nil {
				tt.change(&f)
			}
			if reason := f.unusable(); reason != tt.unusable {
				t.Errorf("reason %d, want %d", reason, tt.unusable)
			}
			var got []string
			for _, o := range f.obstacles() {
				got = append(got, o.subject+" "+o.state+"; "+o.advice)
			}
			if diff := cmp.Diff(tt.obstacles, got); diff != "" {
				t.Errorf("obstacles (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckBeforehandInVRF tries to make the device, and lists what would then stop packets.
func TestCheckBeforehandInVRF(t *testing.T) {
	netns.Require(t)
	s := *Plugin().NewSettings().(*Settings)
	s.AsFrom = "eth0"
	for vrf, want := range map[string][]pipeline.HostFinding{
		"": {{Subject: "device pmtud0", State: "can be created"}},
		"blue": {
			{Subject: "device pmtud0", State: "can be created"},
			{Subject: "as_from eth0", State: "is in the VRF blue, whose routes the policy rules for the mark leave out", Advice: "set mark: 0", Stops: true},
		},
	} {
		if diff := cmp.Diff(want, checkBeforehand(facts{settings: s, fromVRF: vrf})); diff != "" {
			t.Errorf("VRF %q (-want +got):\n%s", vrf, diff)
		}
	}
}

// TestPortTTL has the highest TTL of each family.
func TestPortTTL(t *testing.T) {
	p := port{maxTTL: [2]uint8{8, 3}}
	for version, want := range map[uint8]uint8{4: 8, 6: 3} {
		if got := p.ttl(wire.IP{Version: version}); got != want {
			t.Errorf("IPv%d: %d, want %d", version, got, want)
		}
	}
}

// TestNoPacketSocket has the kernel refuse one for another reason than a missing right.
func TestNoPacketSocket(t *testing.T) {
	err := netns.Refuse(unix.SYS_SOCKET, 0, unix.EMFILE, func() error {
		_, err := openSocket(0, slog.New(slog.DiscardHandler))
		return err
	})
	if err == nil || err.Error() != "open packet socket: too many open files" {
		t.Errorf("got %v", err)
	}
}

// TestAnyForwards leaves out the defaults for new interfaces, which forward nothing themselves.
func TestAnyForwards(t *testing.T) {
	on := netconf{forwarding: 1}
	for _, tt := range []struct {
		name  string
		confs map[int]netconf
		want  bool
	}{
		{"nothing known", nil, false},
		{"none", map[int]netconf{allInterfaces: {}, 1: {rpFilter: 1}, 2: {}}, false},
		{"defaults", map[int]netconf{allInterfaces - 1: on, allInterfaces: {}, 1: {}}, false},
		{"all", map[int]netconf{allInterfaces: on}, true},
		{"one", map[int]netconf{allInterfaces: {}, 1: {}, 2: on}, true},
	} {
		if got := anyForwards(tt.confs); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestAttribute finds attributes by their types, whatever flags these have.
func TestAttribute(t *testing.T) {
	const nested = 0x8000
	attrs := slices.Concat(
		nl.NewRtAttr(13, []byte("another")).Serialize(),
		nl.NewRtAttr(12|nested, []byte("value")).Serialize(),
		nl.NewRtAttr(12, []byte("second")).Serialize(),
	)
	for _, tt := range []struct {
		name  string
		attrs []byte
		kind  uint16
		want  string
	}{
		{"the first", attrs, 13, "another"},
		{"with a flag", attrs, 12, "value"},
		{"none", attrs, 14, ""},
		{"damaged", attrs[:5], 13, ""},
		{"empty", nil, 13, ""},
	} {
		if got := string(attribute(tt.attrs, tt.kind)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDisablesIPv6 has settings of an interface with and without disable_ipv6.
func TestDisablesIPv6(t *testing.T) {
	settings := func(n int, value byte) []byte {
		conf := make([]byte, n)
		if n > 4*disableIPv6 {
			conf[4*disableIPv6] = value
		}
		return nl.NewRtAttr(unix.IFLA_PROTINFO, nl.NewRtAttr(inet6Conf, conf).Serialize()).Serialize()
	}
	const enough = 4 * (disableIPv6 + 1)
	for _, tt := range []struct {
		name  string
		attrs []byte
		want  bool
	}{
		{"off", settings(enough, 1), true},
		{"on", settings(enough, 0), false},
		{"too few settings", settings(enough-1, 0), true},
		{"none", nil, true},
	} {
		if got := disablesIPv6(tt.attrs); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestIsRedirect has filters' actions that are not the sink's.
func TestIsRedirect(t *testing.T) {
	mirred := func(action netlink.MirredAct, to int) netlink.Action {
		m := netlink.NewMirredAction(to)
		m.MirredAction = action
		return m
	}
	for _, tt := range []struct {
		name   string
		action netlink.Action
		want   bool
	}{
		{"redirects to the ingress", mirred(netlink.TCA_INGRESS_REDIR, 7), true},
		{"of another interface", mirred(netlink.TCA_INGRESS_REDIR, 8), false},
		{"to the egress", mirred(netlink.TCA_EGRESS_REDIR, 7), false},
		{"shows only", mirred(netlink.TCA_INGRESS_MIRROR, 7), false},
		{"something else", &netlink.GenericAction{}, false},
	} {
		if got := isRedirect(tt.action, 7); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestReason names the right or the module that is missing.
func TestReason(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.EPERM:      "operation not permitted (it needs CAP_NET_ADMIN)",
		unix.EOPNOTSUPP: "the kernel lacks veth: operation not supported",
		unix.ENOENT:     "the kernel lacks veth: no such file or directory",
		unix.EBUSY:      "device or resource busy",
	} {
		if err := reason(errno, "veth"); err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
