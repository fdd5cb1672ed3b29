package udppackets_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"

	"example.org/pmtud-extra/udppackets"
)

// freePort returns an address on which nobody listens.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// message is an IP packet, without the header of Ethernet.
func message() []byte { return pipelinetest.PTB{MTU: 1400}.Frame()[14:] }

// send sends datagrams to an address.
func send(t *testing.T, to netip.AddrPort, datagrams ...[]byte) {
	t.Helper()
	conn, err := net.Dial("udp", to.String())
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	for _, d := range datagrams {
		_, _ = conn.Write(d) // the source may not listen yet, or no more
	}
}

func TestPlugin(t *testing.T) {
	listen := freePort(t)
	pipelinetest.TestSource(t, udppackets.Plugin(), &udppackets.Settings{Listen: listen}, func() { send(t, listen, message()) })
}

// TestPackets delivers what datagrams hold: a message, something that is no packet, nothing.
func TestPackets(t *testing.T) {
	listen := freePort(t)
	source, err := udppackets.New(udppackets.Settings{Listen: listen}, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	send(t, listen, message(), []byte("x"), nil, message())
	var mtus []uint32
	ended := make(chan error)
	count := make(chan int)
	go func() {
		ended <- source.Run(t.Context(), func(batch []pipeline.Packet) {
			for i := range batch {
				batch[i].Decode()
				mtu, _ := batch[i].MTU()
				mtus = append(mtus, mtu)
			}
			count <- len(mtus)
		})
	}()
	for n := range count {
		if n == 4 {
			break
		}
	}
	if err := source.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the source goes on without its socket")
	}
	if diff := cmp.Diff([]uint32{1400, 0, 0, 1400}, mtus); diff != "" {
		t.Errorf("MTUs (-want +got):\n%s", diff)
	}
}

func TestNeeds(t *testing.T) {
	for listen, want := range map[string]pipeline.Needs{
		"127.0.0.1:4700":          {Families: []string{"AF_INET"}, Exclusive: []string{"UDP 127.0.0.1:4700"}},
		"[::1]:4700":              {Families: []string{"AF_INET6"}, Exclusive: []string{"UDP [::1]:4700"}},
		"[::ffff:127.0.0.1]:4700": {Families: []string{"AF_INET"}, Exclusive: []string{"UDP [::ffff:127.0.0.1]:4700"}},
	} {
		source, err := udppackets.New(udppackets.Settings{Listen: netip.MustParseAddrPort(listen)}, pipelinetest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, source.(pipeline.HostUser).Needs()); diff != "" {
			t.Errorf("%s: needs (-want +got):\n%s", listen, diff)
		}
	}
	if _, err := udppackets.New(udppackets.Settings{Listen: netip.MustParseAddrPort("127.0.0.1:0")}, pipelinetest.Env(t)); err == nil {
		t.Error("port 0 is accepted")
	}
}
