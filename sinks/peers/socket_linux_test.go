package peers_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/peers"
)

// TestErrorMessagesFailNothing has a peer complain about what it was sent, as hard
// as ICMP can.
func TestErrorMessagesFailNothing(t *testing.T) {
	peer := newLAN(t).host("peer", "10.99.0.2/24")
	c := newCapture(t, peer)
	sink := openFor(t, "10.99.0.2", "10.99.0.3")
	conn, err := peer.ListenPacket("ip4:icmp", "10.99.0.2")
	netns.Must(t, err)
	defer conn.Close()
	for i := range 50 {
		_, err := conn.WriteTo(prohibited(), &net.IPAddr{IP: net.IPv4(10, 99, 0, 1)})
		netns.Must(t, err)
		if got := deliver(sink, ptb(false, uint32(1300+i))); got != "" {
			t.Errorf("message %d: %s", i, got)
		}
	}
	c.next(50)
	if diff := cmp.Diff([]string{"10.99.0.2 sent=50", "10.99.0.3 sent=50"}, counters(sink)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// prohibited is an ICMP error of type 3 code 13 about a message from 10.99.0.1 to
// 10.99.0.2.
func prohibited() []byte {
	message := []byte{
		3, 13, 0, 0, 0, 0, 0, 0,
		0x45, 0, 0, 128, 0, 0, 0, 0, 59, 1, 0, 0, 10, 99, 0, 1, 10, 99, 0, 2,
		3, 4, 0, 0, 0, 0, 5, 0x78,
	}
	sum := uint32(0)
	for i := 0; i < len(message); i += 2 {
		sum += uint32(message[i])<<8 + uint32(message[i+1])
	}
	sum = sum>>16 + sum&0xffff
	message[2], message[3] = ^byte(sum>>8), ^byte(sum)
	return message
}

// TestSocketsReceiveNothing sends ICMP to the host and looks at what the kernel
// queued for its raw sockets.
func TestSocketsReceiveNothing(t *testing.T) {
	peer := newLAN(t).host("peer", "10.99.0.2/24", "fd99::2/64")
	openFor(t, "10.99.0.2", "fd99::2")
	for _, tc := range []struct {
		network, from, to, table string
		request, reply           byte
	}{
		{"ip4:icmp", "10.99.0.2", "10.99.0.1", "raw", 8, 0},
		{"ip6:ipv6-icmp", "fd99::2", "fd99::1", "raw6", 128, 129},
	} {
		conn, err := peer.ListenPacket(tc.network, tc.from)
		netns.Must(t, err, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = conn.WriteTo(echo(tc.request), &net.IPAddr{IP: net.ParseIP(tc.to)})
		netns.Must(t, err)
		for answer := make([]byte, 1500); answer[0] != tc.reply || answer[4] != 1; {
			_, _, err := conn.ReadFrom(answer)
			netns.Must(t, err)
		}
		conn.Close()
		sockets := rawSockets(t, tc.table)
		if len(sockets) != 1 || !strings.HasSuffix(sockets[0].queues, ":00000000") || sockets[0].drops != "0" {
			t.Errorf("%s: %+v; want one with nothing received and nothing dropped", tc.table, sockets)
		}
	}
}

// echo is an echo message of the type; the kernel completes ICMPv6 checksums.
func echo(kind byte) []byte {
	sum := ^(uint16(kind)<<8 + 0x0100)
	return []byte{kind, 0, byte(sum >> 8), byte(sum), 1, 0, 0, 0}
}

type rawSocket struct{ queues, drops string }

// rawSockets reads /proc/net/raw or raw6: tx_queue:rx_queue and drops.
func rawSockets(t *testing.T, table string) (sockets []rawSocket) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/" + table)
	netns.Must(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Fields(line)
		sockets = append(sockets, rawSocket{fields[4], fields[len(fields)-1]})
	}
	return sockets
}

// TestOpenWithoutCapability opens on a thread that has none, and that ends with its
// goroutine.
func TestOpenWithoutCapability(t *testing.T) {
	netns.NewTest(t, "any") // skips where there are no capabilities to drop
	for _, peer := range []string{"192.0.2.2", "2001:db8::2"} {
		done := make(chan error, 1)
		go func() {
			runtime.LockOSThread()
			var none [2]unix.CapUserData
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			if err := unix.Capset(&header, &none[0]); err != nil {
				done <- err
				return
			}
			sink, err := peers.Plugin().Build(settings(t, peer), pipelinetest.Env(t))
			if err == nil {
				err = sink.(pipeline.Sink).Open(t.Context())
				err = errors.Join(err, sink.(pipeline.Sink).Close())
			}
			done <- err
		}()
		err := <-done
		if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "CAP_NET_RAW") {
			t.Errorf("%s: error %v, want EPERM that names CAP_NET_RAW", peer, err)
		}
	}
}
