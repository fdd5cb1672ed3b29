package gate_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
	"github.com/pmtud/pmtud/sources/pcap/internal/gate"
)

func TestMain(m *testing.M) { netns.MainPrivileged(m) }

const snaplen = 2048

// accept is a classic program that accepts everything.
var accept = []bpf.Instruction{bpf.RetConstant{Val: snaplen}}

// host is an Ethernet header to this host, as the kernel sees the loopback interface.
var host = []byte{0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xb5}

// newGate makes a gate in front of packets with a link-layer header of so many bytes.
func newGate(t *testing.T, classic []bpf.Instruction, header int) *gate.Gate {
	t.Helper()
	return configured(t, gate.Config{Filter: classic, Header: header})
}

// configured makes a gate that nobody has used before.
func configured(t *testing.T, c gate.Config) *gate.Gate {
	t.Helper()
	netns.RequireHostRoot(t)
	netns.Must(t, gate.Forget())
	g, err := gate.New(c)
	netns.Must(t, err)
	t.Cleanup(g.Close)
	return g
}

// keeps runs the filter on a packet and returns how many bytes of it are kept.
func keeps(t *testing.T, g *gate.Gate, packet []byte) int {
	t.Helper()
	n, err := g.Run(host, packet)
	netns.Must(t, err)
	return n
}

// from returns a PTB without a link-layer header.
func from(router, client string, port uint16) []byte {
	p := pipelinetest.PTB{
		Router: netip.MustParseAddr(router), Client: netip.MustParseAddr(client), SrcPort: port,
		Target: netip.MustParseAddr("192.0.2.1"),
	}
	if p.Router.Is6() {
		p.Target = netip.MustParseAddr("2001:db8::1")
	}
	return p.Frame()[wire.EthernetLen:]
}

// changed returns a copy of a packet with other bytes from an offset on.
func changed(packet []byte, at int, with ...byte) []byte {
	packet = slices.Clone(packet)
	copy(packet[at:], with)
	return packet
}

// TestNewcomers has two packets come one after the other while newcomers are refused: the second
// one passes if it says that the first one asks again.
func TestNewcomers(t *testing.T) {
	ipv4, ipv6 := from("198.51.100.1", "203.0.113.7", 443), from("2001:db8:1::1", "2001:db8:2::7", 443)
	optioned := slices.Concat(changed(ipv4[:wire.IPv4Len], 0, 0x46), []byte{1, 1, 1, 1}, ipv4[wire.IPv4Len:])
	udp4, udp6 := changed(ipv4, 9, 17), changed(ipv6, 6, 17)
	echo4, echo6 := changed(ipv4, wire.IPv4Len, 8), changed(ipv6, wire.IPv6Len, 128)
	client4, client6 := wire.IPv4Len+wire.ICMPLen+16, wire.IPv6Len+wire.ICMPLen+24
	short4, short6 := wire.IPv4Len+wire.ICMPLen+wire.IPv4Len-1, wire.IPv6Len+wire.ICMPLen+wire.IPv6Len-1
	for _, tc := range []struct {
		name          string
		first, second []byte
		passes        bool
	}{
		{"the same", ipv4, ipv4, true},
		{"the same, IPv6", ipv6, ipv6, true},
		{"another port", ipv4, from("198.51.100.1", "203.0.113.7", 80), true},
		{"another port, IPv6", ipv6, from("2001:db8:1::1", "2001:db8:2::7", 80), true},
		{"another client", ipv4, from("198.51.100.1", "203.0.113.8", 443), false},
		{"another client, IPv6", ipv6, from("2001:db8:1::1", "2001:db8:2::8", 443), false},
		{"first bit of the client, IPv6", ipv6, changed(ipv6, client6, ipv6[client6]^0x80), false},
		{"another router", ipv4, from("198.51.100.2", "203.0.113.7", 443), false},
		{"first bit of the router", ipv4, changed(ipv4, 12, ipv4[12]^0x80), false},
		{"another router, IPv6", ipv6, from("2001:db8:1::2", "2001:db8:2::7", 443), false},
		{"first bit of the router, IPv6", ipv6, changed(ipv6, 8, ipv6[8]^0x80), false},
		{"with options", optioned, optioned, true},
		{"with and without options", optioned, ipv4, true},
		{"with options, another client", optioned, changed(optioned, client4+4, 9), false},
		{"UDP", udp4, changed(udp4, client4, 9), true},
		{"UDP, IPv6", udp6, changed(udp6, client6, 9), true},
		{"UDP from another", udp4, changed(udp4, 15, 99), false},
		{"echo", echo4, changed(echo4, client4, 9), true},
		{"echo, IPv6", echo6, changed(echo6, client6, 9), true},
		{"quote too short", ipv4[:short4], changed(ipv4[:short4], client4-1, 9), true},
		{"quote too short, IPv6", ipv6[:short6], changed(ipv6[:short6], client6-1, 9), true},
		{"quote too short, another router", ipv4[:short4], changed(ipv4[:short4], 15, 99), false},
		{"options that are not there", changed(ipv4, 0, 0x4f)[:short4], changed(ipv4, 0, 0x4f)[:short4], true},
		{"time exceeded, IPv6", changed(ipv6, wire.IPv6Len, 3), changed(ipv6, wire.IPv6Len, 3, 0, 0, 0), true},
		{"last error, IPv6", changed(ipv6, wire.IPv6Len, 127), changed(changed(ipv6, wire.IPv6Len, 127), client6, 9), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newGate(t, accept, 0)
			g.Shut(0, time.Hour)
			if n := keeps(t, g, tc.first); n != 0 {
				t.Fatalf("%d bytes of the first are kept", n)
			}
			want, refused := 0, 2
			if tc.passes {
				want, refused = snaplen, 1
			}
			if n := keeps(t, g, tc.second); n != want {
				t.Errorf("%d bytes of the second are kept, want %d", n, want)
			}
			if n := g.TakeRefused(); n != refused {
				t.Errorf("%d are counted, want %d", n, refused)
			}
		})
	}
}

// TestUnknownPackets: what is too short for a sender, or no IP, is neither a newcomer nor remembered.
func TestUnknownPackets(t *testing.T) {
	ipv4, ipv6 := from("198.51.100.1", "203.0.113.7", 443), from("2001:db8:1::1", "2001:db8:2::7", 443)
	for _, tc := range []struct {
		name   string
		packet []byte
		keeps  int
	}{
		{"just long enough", ipv4[:wire.IPv6Len], 0},
		{"too short", ipv4[:wire.IPv6Len-1], snaplen},
		{"just long enough, IPv6", ipv6[:wire.IPv6Len], 0},
		{"too short, IPv6", ipv6[:wire.IPv6Len-1], snaplen},
		{"of version 5", changed(ipv4, 0, 0x55), snaplen},
		{"of version 7", changed(ipv6, 0, 0x70), snaplen},
		{"one byte", ipv4[:1], snaplen},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newGate(t, accept, 0)
			g.Shut(0, time.Hour)
			if n := keeps(t, g, tc.packet); n != tc.keeps {
				t.Errorf("%d bytes are kept, want %d", n, tc.keeps)
			}
			g.Shut(time.Hour, 0)
			if n := keeps(t, g, tc.packet); n != 0 {
				t.Errorf("%d bytes are kept of what is refused in any case", n)
			}
		})
	}
}

// TestCanaries: those who want to hear them do, whatever is refused.
func TestCanaries(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		g := configured(t, gate.Config{Filter: accept, Canaries: wanted})
		g.Shut(time.Hour, time.Hour)
		for _, packet := range [][]byte{
			from("198.51.100.1", "203.0.113.7", 443), from("2001:db8:1::1", "2001:db8:2::7", 443),
		} {
			if n := keeps(t, g, packet); n != 0 {
				t.Errorf("wanted %v: %d bytes of another message are kept", wanted, n)
			}
			protocol := wire.IPv4Len + wire.ICMPLen + 9
			if packet[0]>>4 == 6 {
				protocol = wire.IPv6Len + wire.ICMPLen + 6
			}
			if n := keeps(t, g, changed(packet, protocol, canary.Protocol)); n > 0 != wanted {
				t.Errorf("wanted %v: %d bytes of a canary are kept", wanted, n)
			}
		}
	}
}

// TestShut wants both times kept, and counts.
func TestShut(t *testing.T) {
	g := newGate(t, accept, 0)
	old, newcomer := from("198.51.100.1", "203.0.113.7", 443), from("198.51.100.2", "203.0.113.7", 443)
	want := func(what string, packet []byte, keep, refused int) {
		t.Helper()
		if n := keeps(t, g, packet); n != keep {
			t.Errorf("%s: %d bytes are kept, want %d", what, n, keep)
		}
		if n := g.TakeRefused(); n != refused {
			t.Errorf("%s: %d are counted, want %d", what, n, refused)
		}
	}
	want("open", old, snaplen, 0)
	g.Shut(time.Hour, 0)
	want("shut for all", old, 0, 1)
	want("shut for all", newcomer, 0, 1)
	g.Shut(0, time.Hour)
	want("who asked while it was shut", newcomer, snaplen, 0)
	want("who asked while it was open", old, snaplen, 0)
	want("newcomer", from("198.51.100.3", "203.0.113.7", 443), 0, 1)
	g.Shut(0, 0)
	want("open again", from("198.51.100.4", "203.0.113.7", 443), snaplen, 0)
}

// TestCountsAtOnce has several processors refuse packets at the same time.
func TestCountsAtOnce(t *testing.T) {
	const each, goroutines = 5000, 4
	g := newGate(t, accept, 0)
	g.Shut(time.Hour, 0)
	packet := from("198.51.100.1", "203.0.113.7", 443)
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range each {
				if _, err := g.Run(host, packet); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := g.TakeRefused(); n != goroutines*each {
		t.Errorf("%d are counted of %d", n, goroutines*each)
	}
}

// TestOpensByItself: nobody has to open it.
func TestOpensByItself(t *testing.T) {
	g := newGate(t, accept, 0)
	const long = 50 * time.Millisecond
	packet := from("198.51.100.1", "203.0.113.7", 443)
	client := byte(0)
	for _, shut := range [][2]time.Duration{{long, 0}, {0, long}} {
		begin := time.Now()
		g.Shut(shut[0], shut[1])
		pipelinetest.Eventually(t, func() bool {
			client++ // a newcomer each time
			return keeps(t, g, changed(packet, 15, client)) > 0
		})
		if took := time.Since(begin); took < long {
			t.Errorf("it opened after %v, want %v", took, long)
		}
	}
}

// TestForgets has more newcomers than there is room for: 16 in each of 16,384 lines. Of those who
// came so many newcomers ago, about half are still known; some lines get more, others fewer.
func TestForgets(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const room, sample = 16 << 14, 2000
	g := newGate(t, accept, 0)
	packet := from("198.51.100.1", "203.0.113.7", 443)
	ask := func(number uint32) bool {
		client := mixed(number)
		return keeps(t, g, changed(packet, wire.IPv4Len+wire.ICMPLen+16, byte(client>>24), byte(client>>16), byte(client>>8), byte(client))) > 0
	}
	g.Shut(0, time.Hour)
	for client := range uint32(room) {
		if ask(client) {
			t.Fatalf("client %d is known", client)
		}
		if client == sample/2 {
			for early := range client {
				if !ask(early) {
					t.Fatalf("client %d is forgotten after %d", early, client)
				}
			}
		}
	}
	known := 0
	for client := range uint32(sample) { // who is not known takes somebody else's place
		if ask(client) {
			known++
		}
	}
	if known < sample*35/100 || known > sample*60/100 {
		t.Errorf("%d of %d are still known", known, sample)
	}
}

// mixed returns another number for each number, as if at random (a step of murmur3).
func mixed(n uint32) uint32 {
	n = (n ^ n>>16) * 0x85ebca6b
	n = (n ^ n>>13) * 0xc2b2ae35
	return n ^ n>>16
}

// TestClassic compares translated programs with what they were, on sound packets and on broken ones.
func TestClassic(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	packets := slices.DeleteFunc(pipelinetest.Packets(), func(p pipeline.Packet) bool { return len(p.Data) < 60 })
	for link, header := range map[linklayer.Type]int{linklayer.Ethernet: wire.EthernetLen, linklayer.Raw: 0} {
		for _, canaries := range []bool{false, true} {
			env := pipelinetest.Env(t)
			env.Canaries = canaries
			f, err := icmpptb.Plugin().Build(icmpptb.Plugin().NewSettings(), env)
			netns.Must(t, err)
			classic := f.(pipeline.KernelFilter).KernelFilter(link, snaplen)
			vm, err := bpf.NewVM(classic)
			netns.Must(t, err)
			g := newGate(t, classic, header)
			accepted := 0
			for range 20_000 {
				p := packets[random.IntN(len(packets))].Data
				data := slices.Clone(p[wire.EthernetLen-header:])
				for range random.IntN(4) {
					data[random.IntN(min(len(data), 90))] = byte(random.Uint32())
				}
				data = data[:len(data)-random.IntN(1+random.IntN(len(data)))]
				want, err := vm.Run(data)
				netns.Must(t, err)
				if got := keeps(t, g, data); got != want {
					t.Fatalf("%v: %d bytes of % x are kept, want %d", link, got, data, want)
				}
				if want > 0 {
					accepted++
				}
			}
			if accepted < 500 {
				t.Errorf("%v: only %d packets were accepted", link, accepted)
			}
		}
	}
}

// TestComparisons has the jumps that no filter of this project needs.
func TestComparisons(t *testing.T) {
	for _, cond := range []bpf.JumpTest{
		bpf.JumpEqual, bpf.JumpNotEqual, bpf.JumpLessThan, bpf.JumpLessOrEqual,
		bpf.JumpGreaterThan, bpf.JumpGreaterOrEqual, bpf.JumpBitsSet, bpf.JumpBitsNotSet,
	} {
		for _, value := range []uint32{0, 3, 0x80000000, 0xfffffffe} {
			classic := []bpf.Instruction{
				bpf.LoadAbsolute{Off: 0, Size: 4},
				bpf.JumpIf{Cond: cond, Val: value, SkipTrue: 1},
				bpf.Jump{Skip: 1},
				bpf.RetConstant{Val: 7},
				bpf.RetConstant{Val: 0},
			}
			vm, err := bpf.NewVM(classic)
			netns.Must(t, err)
			g := newGate(t, classic, 0)
			for _, a := range []uint32{0, 2, 3, 4, 0x7fffffff, 0x80000000, 0x80000003, 0xfffffffe, 0xffffffff} {
				data := []byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}
				want, err := vm.Run(data)
				netns.Must(t, err)
				if got := keeps(t, g, data); got != want {
					t.Errorf("%#x %v %#x: %d, want %d", a, cond, value, got, want)
				}
			}
		}
	}
}

// TestPacketType distinguishes packets as the source's directions do, which a virtual machine can't.
func TestPacketType(t *testing.T) {
	const multicast = 2
	g := newGate(t, []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: multicast, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: snaplen},
	}, 0)
	packet := from("198.51.100.1", "203.0.113.7", 443)
	for to, want := range map[byte]int{0: 0, 0xff: snaplen} {
		n, err := g.Run(slices.Concat(slices.Repeat([]byte{to}, 6), host[6:]), packet)
		netns.Must(t, err)
		if n != want {
			t.Errorf("to %#x: %d bytes are kept, want %d", to, n, want)
		}
	}
}

// TestRefusesPrograms: what has no translation is an error, not another program.
func TestRefusesPrograms(t *testing.T) {
	for name, classic := range map[string][]bpf.Instruction{
		"extension":  {bpf.LoadExtension{Num: bpf.ExtRand}, bpf.RetConstant{Val: 1}},
		"arithmetic": {bpf.LoadAbsolute{Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 1}, bpf.RetConstant{Val: 1}},
		"RetA":       {bpf.LoadAbsolute{Size: 1}, bpf.RetA{}},
		"comparison": {bpf.JumpIf{Cond: 99}, bpf.RetConstant{Val: 1}},
		"no end":     {bpf.LoadAbsolute{Size: 1}},
		"outside":    {bpf.Jump{Skip: 7}, bpf.RetConstant{Val: 1}},
	} {
		netns.RequireHostRoot(t)
		if g, err := gate.New(gate.Config{Filter: classic}); err == nil {
			t.Errorf("%s: there is a gate", name)
			g.Close()
		}
	}
}
