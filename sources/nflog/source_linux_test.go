package nflog_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sources/nflog"
)

// TestPlugin reads what the test process sends to itself over lo.
func TestPlugin(t *testing.T) {
	netns.Require(t)
	netns.Must(t, addRule(input, logTo(), transport(unix.IPPROTO_UDP)))
	c, err := net.Dial("udp4", "127.0.0.1:9")
	netns.Must(t, err)
	defer c.Close()
	settings := nflog.Plugin().NewSettings().(*nflog.Settings)
	settings.Group = group
	pipelinetest.TestSource(t, nflog.Plugin(), settings, func() { _, _ = c.Write([]byte("x")) })
}

// delivered is what a test looks at in a packet.
type delivered struct {
	Data     []byte
	Length   int
	LinkType linklayer.Type
	Type     linklayer.PacketType
	PTB      uint8
}

func TestFramesFromEthernet(t *testing.T) {
	sound4 := pipelinetest.PTB{}.Frame()
	sound6 := pipelinetest.PTB{Router: router6}.Frame()
	tagged := pipelinetest.PTB{VLAN: 7}.Frame()
	doubly := append(append(append([]byte(nil), sound4[:12]...), 0x88, 0xa8, 0, 9), tagged[12:]...)
	padded := append(append([]byte(nil), sound4...), make([]byte, 20)...)
	everybody := pipelinetest.PTB{DstMAC: [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}.Frame()
	several := pipelinetest.PTB{DstMAC: [6]byte{1, 0, 0x5e, 0, 0, 1}}.Frame()
	arp := append(append([]byte(nil), hostMAC...), "\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00\x09"...)
	const (
		ethernet = linklayer.Ethernet
		snaplen  = 64
	)
	for _, tc := range []struct {
		name    string
		at      hook
		snaplen int
		frame   []byte
		want    delivered
	}{
		{"IPv4 at input", input, 0, sound4, delivered{sound4, len(sound4), ethernet, linklayer.TypeHost, 4}},
		{"IPv6 at input", input, 0, sound6, delivered{sound6, len(sound6), ethernet, linklayer.TypeHost, 6}},
		{"at prerouting", prerouting, 0, sound4, delivered{sound4, len(sound4), ethernet, linklayer.TypeHost, 4}},
		{"to all", prerouting, 0, everybody, delivered{everybody, len(everybody), ethernet, linklayer.TypeBroadcast, 4}},
		{"to several", prerouting, 0, several, delivered{several, len(several), ethernet, linklayer.TypeMulticast, 4}},
		{"padding cut off by the IP stack", input, 0, padded, delivered{sound4, len(sound4), ethernet, linklayer.TypeHost, 4}},
		{"cut", input, snaplen, sound4, delivered{sound4[:14+snaplen], len(sound4), ethernet, linklayer.TypeHost, 4}},
		{"IPv6 cut", input, snaplen, sound6, delivered{sound6[:14+snaplen], len(sound6), ethernet, linklayer.TypeHost, 6}},
		{"at ingress", ingress, 0, sound4, delivered{sound4, len(sound4), ethernet, linklayer.TypeUnknown, 4}},
		{"padding at ingress", ingress, 0, padded, delivered{padded, len(padded), ethernet, linklayer.TypeUnknown, 4}},
		{"VLAN tag", ingress, 0, tagged, delivered{tagged, len(tagged), ethernet, linklayer.TypeUnknown, 4}},
		{"VLAN tag, cut", ingress, snaplen, tagged, delivered{tagged[:18+snaplen], len(tagged), ethernet, linklayer.TypeUnknown, 4}},
		{"two VLAN tags", ingress, 0, doubly, delivered{doubly, len(doubly), ethernet, linklayer.TypeUnknown, 0}},
		{"not IP", ingress, 0, arp, delivered{arp, len(arp), ethernet, linklayer.TypeUnknown, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			logRule(t, lab.host, tc.at)
			r := start(t, lab.host, func(s *nflog.Settings) {
				if tc.snaplen != 0 {
					s.Snaplen = tc.snaplen
				}
			})
			before := pipeline.InstantOf(time.Now().Truncate(time.Microsecond))
			lab.inject(t, tc.frame)
			p := r.await(t, func(p *pipeline.Packet) bool {
				return len(p.Data) >= 12 && [12]byte(p.Data) == [12]byte(tc.frame)
			})
			if diff := cmp.Diff(tc.want, look(p)); diff != "" {
				t.Errorf("packet (-want +got):\n%s", diff)
			}
			if p.Truncated() != (tc.snaplen != 0) {
				t.Errorf("truncated: %t", p.Truncated())
			}
			if now := pipeline.InstantOf(time.Now()); p.Time < before || p.Time > now {
				t.Errorf("time stamp %v is not between %v and %v", p.Time.Time(), before.Time(), now.Time())
			}
		})
	}
}

// TestInjected logs what pmtud put into the host's stack: at an Ethernet interface, and at lo,
// whose records have no Ethernet header.
func TestInjected(t *testing.T) {
	frame := pipelinetest.PTB{}.Frame()
	copy(frame[6:], linklayer.InjectedMAC[:])
	onLoopback := append(make([]byte, 6), frame[6:]...)
	for _, tc := range []struct {
		name  string
		frame []byte
		link  linklayer.Type
	}{{"eth0", frame, linklayer.Ethernet}, {"lo", onLoopback, linklayer.Raw}} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			logRule(t, lab.host, prerouting)
			r := start(t, lab.host, nil)
			if tc.name == "lo" {
				lab.send = sender(t, lab.host, "lo")
			}
			lab.inject(t, tc.frame)
			p := r.await(t, fromRouter)
			if !p.Injected() || p.LinkType != tc.link {
				t.Errorf("injected %v, link type %d, want true, %d", p.Injected(), p.LinkType, tc.link)
			}
			genuine := append(append(append([]byte(nil), tc.frame[:6]...), routerMAC...), pipelinetest.PTB{MTU: 1300}.Frame()[12:]...)
			lab.inject(t, genuine)
			if p := r.await(t, func(p *pipeline.Packet) bool { mtu, _ := p.MTU(); return mtu == 1300 }); p.Injected() {
				t.Error("a genuine message counts as injected")
			}
		})
	}
}

func look(p pipeline.Packet) delivered {
	return delivered{p.Data, p.Length, p.LinkType, p.Type, p.PTB}
}

// fromRouter accepts packets of either router.
func fromRouter(p *pipeline.Packet) bool {
	return p.Router() == router4 || p.Router() == router6
}

func TestSizeOfRule(t *testing.T) {
	lab := newLab(t)
	logStart(t, lab.host, input, 40)
	r := start(t, lab.host, nil)
	frame := pipelinetest.PTB{}.Frame()
	lab.inject(t, frame)
	got := look(r.await(t, fromRouter))
	want := delivered{frame[:14+40], len(frame), linklayer.Ethernet, linklayer.TypeHost, 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
}

// TestOwnPackets logs what the host sends: to itself over lo, whose link-layer
// header is none, and to others.
func TestOwnPackets(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   hook
		to   string
		link linklayer.Type
		kind linklayer.PacketType
	}{
		{"lo", input, "127.0.0.1:9", linklayer.Raw, linklayer.TypeUnknown},
		{"lo, IPv6", input, "[::1]:9", linklayer.Raw, linklayer.TypeUnknown},
		{"output", output, "192.0.2.254:9", linklayer.Raw, linklayer.TypeOutgoing},
		{"egress", egress, "192.0.2.254:9", linklayer.Ethernet, linklayer.TypeOutgoing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			logRule(t, lab.host, tc.at, transport(unix.IPPROTO_UDP)...)
			r := start(t, lab.host, nil)
			c, err := lab.host.Dial(t.Context(), "udp"+map[bool]string{true: "6", false: "4"}[tc.to[0] == '['], "", tc.to)
			netns.Must(t, err)
			defer c.Close()
			_, err = c.Write([]byte("octets"))
			netns.Must(t, err)
			p := r.await(t, func(*pipeline.Packet) bool { return true })
			if p.LinkType != tc.link || p.Type != tc.kind || p.Network < 0 || p.Truncated() {
				t.Errorf("link type %d, type %d, network header at %d, truncated %t", p.LinkType, p.Type, p.Network, p.Truncated())
			}
			if data := string(p.Data); !strings.HasSuffix(data, "octets") || p.Length != len(data) {
				t.Errorf("packet of %d bytes is %q", p.Length, data)
			}
		})
	}
}

// TestTunnel reads from an interface without link-layer headers.
func TestTunnel(t *testing.T) {
	host := netns.NewTest(t, "host")
	tun := netns.NewTUN(t, host, "tun0")
	netns.Must(t, host.Up("tun0"), host.Addr("tun0", "192.0.2.1/24"))
	logRule(t, host, prerouting)
	r := start(t, host, nil)
	message := pipelinetest.PTB{}.Frame()[14:]
	_, err := tun.Write(message)
	netns.Must(t, err)
	got := look(r.await(t, fromRouter))
	want := delivered{message, len(message), linklayer.Raw, linklayer.TypeUnknown, 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
}

// TestWideRule logs all of ICMP; what is no PTB is for filters to refuse.
func TestWideRule(t *testing.T) {
	lab := newLab(t)
	logRule(t, lab.host, input, transport(unix.IPPROTO_ICMP)...)
	r := start(t, lab.host, nil)
	echo := pipelinetest.PTB{}.Frame()
	echo[14+20], echo[14+20+1] = 8, 0 // whatever the checksum then is
	lab.inject(t, echo)
	lab.inject(t, pipelinetest.PTB{}.Frame())
	if p := r.await(t, fromRouter); p.PTB != 0 {
		t.Error("the first packet is the PTB, not the echo request")
	}
	r.await(t, func(p *pipeline.Packet) bool { return p.PTB == 4 })
}

// TestIPTables reads what the rule of the manual page logs.
func TestIPTables(t *testing.T) {
	lab := newLab(t)
	path, err := exec.LookPath("iptables")
	if err != nil {
		t.Skipf("iptables is not installed: %v", err)
	}
	const rule = "-I INPUT -p icmp -m icmp --icmp-type 3/4 -j NFLOG --nflog-group 33"
	cmd := exec.CommandContext(t.Context(), path, strings.Fields(rule)...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	netns.Must(t, lab.host.Start(cmd))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("iptables %s: %v\n%s", rule, err, &output)
	}
	r := start(t, lab.host, nil)
	frame := pipelinetest.PTB{}.Frame()
	lab.inject(t, frame)
	got := look(r.await(t, fromRouter))
	want := delivered{frame, len(frame), linklayer.Ethernet, linklayer.TypeHost, 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
}

func TestGroupIsFreeAfterClose(t *testing.T) {
	host := netns.NewTest(t, "host")
	for range 3 {
		r := start(t, host, nil)
		if bound(t, host) == "" {
			t.Fatal("the group is not bound while the source runs")
		}
		netns.Must(t, r.stop())
		if port := bound(t, host); port != "" {
			t.Fatalf("the group is bound by %s after the source was closed", port)
		}
	}
}

// TestGroupTaken opens a source whose group another one has: by the first socket of the process,
// which shows whose it is, or by another.
func TestGroupTaken(t *testing.T) {
	for _, tc := range []struct {
		name   string
		other  bool // group that the process bound before
		holder string
	}{
		{"first socket", false, fmt.Sprintf("process %d (%s)", os.Getpid(), comm(t))},
		{"second socket", true, "the netlink socket with port "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := netns.NewTest(t, "host")
			if tc.other {
				open(t, host, func(s *nflog.Settings) { s.Group++ })
			}
			first := open(t, host, nil)
			second := build(t, nil)
			before := netns.Descriptors(t)
			err := host.Do(func() error { return second.Open(t.Context()) })
			if after := netns.Descriptors(t); after > before {
				t.Errorf("%d descriptors, %d before", after, before)
			}
			if tc.other {
				tc.holder += bound(t, host)
			}
			want := "bind group 33: in use by " + tc.holder + ": device or resource busy"
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			netns.Must(t, second.Close(), first.stop())
			netns.Must(t, open(t, host, nil).stop())
		})
	}
}

// mostRoom returns net.core.rmem_max, which only newer kernels show in another namespace than the
// host's.
func mostRoom(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	netns.Must(t, err)
	defer unix.Close(fd)
	netns.Must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, math.MaxInt32))
	doubled, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	netns.Must(t, err)
	return doubled / 2
}

// TestSmallBuffer asks for more room than the kernel gives to who has no rights to the host's
// namespace, for as much, and for less.
func TestSmallBuffer(t *testing.T) {
	host := netns.NewTest(t, "host")
	most := mostRoom(t)
	for _, tc := range []struct {
		name string
		size int
		warn bool
	}{{"more", most + most/2, true}, {"as much", most, false}, {"less", most / 2, false}} {
		t.Run(tc.name, func(t *testing.T) {
			var log pipelinetest.Buffer
			env := pipelinetest.Env(t)
			env.Log = slog.New(slog.NewTextHandler(&log, nil))
			s := *nflog.Plugin().NewSettings().(*nflog.Settings)
			s.Group, s.BufferSize = group, setting.Size(tc.size)
			source, err := nflog.New(s, env)
			netns.Must(t, err, host.Do(func() error { return source.Open(t.Context()) }), source.Close())
			warning := fmt.Sprintf(`msg="the netlink socket's buffer is smaller than buffer_size: see net.core.rmem_max" bytes=%d `, most)
			if got := log.String(); strings.Contains(got, warning) != tc.warn || !tc.warn && got != "" {
				t.Errorf("logged %q", got)
			}
		})
	}
}

func comm(t *testing.T) string {
	name, err := os.ReadFile("/proc/self/comm")
	netns.Must(t, err)
	return strings.TrimSpace(string(name))
}

func TestMissingCapability(t *testing.T) {
	host := netns.NewTest(t, "host")
	source := build(t, nil)
	err := host.Do(func() error {
		return withoutCapabilities(t, func() error { return source.Open(t.Context()) })
	})
	const want = "bind group 33: the capability CAP_NET_ADMIN is missing: operation not permitted"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	netns.Must(t, source.Close())
}

// TestWithoutDescriptors opens a source when the process may have no more sockets.
func TestWithoutDescriptors(t *testing.T) {
	source := build(t, nil)
	var limit unix.Rlimit
	netns.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit), unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}))
	err := source.Open(t.Context())
	netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	if !errors.Is(err, unix.EMFILE) || !strings.HasPrefix(err.Error(), "bind group 33: ") {
		t.Errorf("got %v", err)
	}
	netns.Must(t, source.Close())
}

// withoutCapabilities calls f while the calling thread, which must be locked, has
// no effective capabilities.
func withoutCapabilities(t *testing.T, f func() error) error {
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have, none [2]unix.CapUserData
	netns.Must(t, unix.Capget(header, &have[0]))
	for i := range none {
		none[i] = have[i]
		none[i].Effective = 0
	}
	netns.Must(t, unix.Capset(header, &none[0]))
	defer func() { netns.Must(t, unix.Capset(header, &have[0])) }()
	return f()
}

// TestVLANInterface reads from a VLAN interface, whose frames have lost their tag,
// and from one upon it, for which the kernel reports 18 bytes of header.
func TestVLANInterface(t *testing.T) {
	plain := pipelinetest.PTB{}.Frame()
	tagged := pipelinetest.PTB{VLAN: 7}.Frame()
	doubly := append(append(append([]byte(nil), tagged[:16]...), 0x81, 0, 0, 9), plain[12:]...)
	for _, tc := range []struct {
		name  string
		tags  []int
		frame []byte
	}{
		{"one tag", []int{7}, tagged},
		{"two tags", []int{7, 9}, doubly},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			addVLANs(t, lab.host, tc.tags)
			logRule(t, lab.host, prerouting)
			r := start(t, lab.host, nil)
			lab.inject(t, tc.frame)
			got := look(r.await(t, fromRouter))
			want := delivered{plain, len(plain), linklayer.Ethernet, linklayer.TypeHost, 4}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("packet (-want +got):\n%s", diff)
			}
		})
	}
}

// addVLANs puts VLAN interfaces upon eth0, each upon the one before.
func addVLANs(t *testing.T, ns *netns.NS, tags []int) {
	lower := "eth0"
	for _, tag := range tags {
		upper := fmt.Sprintf("vlan%d", tag)
		err := ns.Do(func() error {
			on, err := netlink.LinkByName(lower)
			if err != nil {
				return err
			}
			attrs := netlink.NewLinkAttrs()
			attrs.Name, attrs.ParentIndex = upper, on.Attrs().Index
			return netlink.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: tag})
		})
		if errors.Is(err, unix.EOPNOTSUPP) {
			t.Skip("the kernel has no VLAN interfaces (CONFIG_VLAN_8021Q)")
		}
		netns.Must(t, err, ns.Up(upper))
		lower = upper
	}
}
