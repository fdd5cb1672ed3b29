package peers_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// arrival is a PTB that reached a host, as the wire had it.
type arrival struct {
	src, dst netip.Addr
	ttl      uint8
	icmp     []byte
	at       time.Time // by the kernel
}

// mtu returns the next-hop MTU.
func (a arrival) mtu() int {
	if a.src.Is4() {
		return int(binary.BigEndian.Uint16(a.icmp[6:]))
	}
	return int(binary.BigEndian.Uint32(a.icmp[4:]))
}

// capture is a packet socket on a host's eth0.
type capture struct {
	t  testing.TB
	fd int
}

func newCapture(t testing.TB, ns *netns.NS) *capture {
	t.Helper()
	ifi, err := ns.Interface("eth0")
	netns.Must(t, err)
	c := &capture{t: t}
	netns.Must(t, ns.Do(func() (err error) {
		c.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	}))
	t.Cleanup(func() { unix.Close(c.fd) })
	timeout := unix.NsecToTimeval((200 * time.Millisecond).Nanoseconds())
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	netns.Must(t,
		unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
		unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<20),
		unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(c.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.Bind(c.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: ifi.Index}),
	)
	return c
}

// next returns the next n PTBs, or fails the test after a while.
func (c *capture) next(n int) []arrival {
	c.t.Helper()
	var got []arrival
	deadline := time.Now().Add(10 * time.Second)
	buf, oob := make([]byte, 1<<16), make([]byte, 128)
	for len(got) < n {
		size, oobSize, _, _, err := unix.Recvmsg(c.fd, buf, oob, 0)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			if time.Now().After(deadline) {
				c.t.Fatalf("%d messages arrived, want %d", len(got), n)
			}
		case err != nil:
			c.t.Fatal(err)
		default:
			if a, ok := parseArrival(bytes.Clone(buf[:size])); ok {
				a.at = timestamp(oob[:oobSize])
				got = append(got, a)
			}
		}
	}
	return got
}

// mtus returns those of the next n PTBs.
func (c *capture) mtus(n int) (out []int) {
	c.t.Helper()
	for _, a := range c.next(n) {
		out = append(out, a.mtu())
	}
	return out
}

func timestamp(oob []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) == 0 || len(messages[0].Data) < 16 {
		return time.Time{}
	}
	data := messages[0].Data
	return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
}

// parseArrival reads an IP packet, if it is a PTB.
func parseArrival(ip []byte) (a arrival, ok bool) {
	switch {
	case len(ip) >= 28 && ip[0] == 0x45 && ip[9] == 1 && ip[20] == 3 && ip[21] == 4:
		ip = ip[:binary.BigEndian.Uint16(ip[2:])] // the capture has padding
		a = arrival{
			src: netip.AddrFrom4([4]byte(ip[12:])), dst: netip.AddrFrom4([4]byte(ip[16:])),
			ttl: ip[8], icmp: ip[20:],
		}
	case len(ip) >= 48 && ip[0]>>4 == 6 && ip[6] == 58 && ip[40] == 2 && ip[41] == 0:
		ip = ip[:40+binary.BigEndian.Uint16(ip[4:])]
		a = arrival{
			src: netip.AddrFrom16([16]byte(ip[8:])), dst: netip.AddrFrom16([16]byte(ip[24:])),
			ttl: ip[7], icmp: ip[40:],
		}
	default:
		return a, false
	}
	return a, true
}

// got takes all that is there and reports whether a PTB of the family is among it.
func (c *capture) got(isIPv6 bool) (found bool) {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(c.fd, buf, unix.MSG_DONTWAIT)
		if err != nil {
			return found
		}
		if a, ok := parseArrival(buf[:n]); ok && a.src.Is6() == isIPv6 {
			found = true
		}
	}
}
