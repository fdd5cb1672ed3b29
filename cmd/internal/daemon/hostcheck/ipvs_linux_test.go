package hostcheck_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Socket options of IPVS (linux/ip_vs.h).
const (
	ipvsAddService     = 1024 + 64 + 64 + 2
	ipvsAddDestination = 1024 + 64 + 64 + 7
)

// addService makes a host an IPVS director, which translates to a real server and chooses it by
// the client's address.
func addService(host *netns.NS, service, server netip.AddrPort) error {
	order := binary.NativeEndian
	endpoint := func(b []byte, a netip.AddrPort) []byte {
		b = append(b, a.Addr().AsSlice()...)
		return append(binary.BigEndian.AppendUint16(b, a.Port()), 0, 0)
	}
	s := endpoint(order.AppendUint32(nil, unix.IPPROTO_TCP), service) // struct ip_vs_service_user
	s = order.AppendUint32(s, 0)                                      // mark
	s = append(s, "sh\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	s = append(s, make([]byte, 8)...) // flags, timeout
	s = order.AppendUint32(s, 0xffffffff)
	d := endpoint(nil, server)        // struct ip_vs_dest_user
	d = order.AppendUint32(d, 0)      // translate
	d = order.AppendUint32(d, 1)      // weight
	d = append(d, make([]byte, 8)...) // thresholds
	return host.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptString(fd, unix.IPPROTO_IP, ipvsAddService, string(s)); err != nil {
			return err
		}
		return unix.SetsockoptString(fd, unix.IPPROTO_IP, ipvsAddDestination, string(s)+string(d))
	})
}

// TestIPVS has a director that knows nothing of a connection get a message about it. With
// schedule_icmp it finds the real server, and the check says what the setting is.
func TestIPVS(t *testing.T) {
	client, director, server := netns.NewTest(t, "client"), netns.NewTest(t, "director"), netns.NewTest(t, "server")
	if err := director.Do(func() error { _, err := os.Stat("/proc/sys/net/ipv4/vs/schedule_icmp"); return err }); err != nil {
		t.Skip("no IPVS whose settings can be changed here: ", err)
	}
	netns.Must(t,
		netns.Veth(client, "eth0", director, "eth0"), netns.Veth(director, "eth1", server, "eth0"),
		client.Addr("eth0", "10.97.1.2/24"), director.Addr("eth0", "10.97.1.1/24", "192.0.2.1/32"),
		director.Addr("eth1", "10.97.2.1/24"), server.Addr("eth0", "10.97.2.2/24"),
		client.Route("192.0.2.1/32", "10.97.1.1"), server.Route("0.0.0.0/0", "10.97.2.1"),
		director.Sysctl("net.ipv4.ip_forward", "1"),
		addService(director, netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("10.97.2.2:443")),
	)
	for value, want := range map[string]string{
		"0": "with net.ipv4.vs.schedule_icmp=1 and the scheduler sh or mh none would be needed",
		"1": "with the scheduler sh or mh none are needed: every node finds the same server (net.ipv4.vs.schedule_icmp is 1)",
	} {
		netns.Must(t, director.Sysctl("net.ipv4.vs.schedule_icmp", value))
		if diff := cmp.Diff([]string{"ok data plane IPVS accepts injected messages; " + want}, planes(t, director, injectAsFrom("eth0"))); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	}
	for _, value := range []string{"0", "1"} {
		netns.Must(t, director.Sysctl("net.ipv4.vs.schedule_icmp", value))
		sendPacket(t, client, pipelinetest.PTB{SrcPort: 443}.Frame()[wire.EthernetLen:])
	}
	pipelinetest.Eventually(t, func() bool { return destinationUnreachable(t, server) > 0 })
	if n := destinationUnreachable(t, server); n != 1 {
		t.Errorf("the server has got %d messages, want that of schedule_icmp alone", n)
	}
}

func sendPacket(t *testing.T, ns *netns.NS, packet []byte) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: [4]byte(packet[16:20])})
	}))
}

// destinationUnreachable returns how many such messages a host has got, the fourth value of ICMP.
func destinationUnreachable(t *testing.T, ns *netns.NS) (n int) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err != nil {
			return err
		}
		_, values, _ := strings.Cut(string(text), "OutAddrMaskReps\nIcmp: ")
		_, err = fmt.Sscan(values, new(int), new(int), new(int), &n)
		return err
	}))
	return n
}
