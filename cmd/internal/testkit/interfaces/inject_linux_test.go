package interfaces_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// testInject relays messages to the host over the interface. Each gets into its network stack once,
// by the interface's ingress, and no capture sends it on. Without Ethernet a capture knows for two
// seconds only what was injected there, too short for an emulated kernel.
func (w *world) testInject(t *testing.T) {
	sink := "{type: inject, as_from: " + w.child + "}"
	switch {
	case w.noEthernet:
		sink = "{type: inject}"
	case w.otherRouting:
		sink = "{type: inject, as_from: " + w.child + ", mark: 0}"
		netns.Must(t, w.host.Sysctl("net.ipv4.udp_l3mdev_accept", "1")) // the source's socket is in no VRF
	}
	w.copies.reset()
	before := w.errors(t)
	d := w.start(t, w.pipeline([]string{pcap(w.child)}, w.sinks())+
		", q: {sources: [{type: relay, insecure: true}], sinks: ["+sink+"]}")
	relayed := w.relayMessages(t)
	await(t, "messages in the stack", func() bool { return w.errors(t) >= before+relayed })
	sent := w.send(t)
	w.wantCopies(t, sent)
	d.end(t)
	w.wantCopies(t, sent)
	if got := w.errors(t); got != before+relayed+sent {
		t.Errorf("%s: %d messages in the stack, want %d", sink, got-before, relayed+sent)
	}
}

// relayMessages sends the host three messages of each IP version in datagrams of the sink relay.
func (w *world) relayMessages(t *testing.T) (sent int) {
	t.Helper()
	to := host4
	if !strings.Contains(w.family, "4") {
		to = host6
	}
	c, err := w.other.Dial(t.Context(), "udp", "", net.JoinHostPort(to, fmt.Sprint(relayPort)))
	netns.Must(t, err)
	defer c.Close()
	keys, err := sealed.Keys(nil, true)
	netns.Must(t, err)
	sealer := sealed.NewSealer(keys[0])
	for _, router := range []string{"203.0.113.1", "2001:db8:f::1"} {
		for range 3 {
			frame := pipelinetest.PTB{Router: netip.MustParseAddr(router), DstPort: uint16(port.Add(1))}.Frame()
			_, err := c.Write(sealer.Seal(nil, frame[wire.EthernetLen:], time.Now()))
			netns.Must(t, err)
			sent++
		}
	}
	return sent
}

// errors returns how many PTBs the host's network stack has taken in, and IPv4's like.
func (w *world) errors(t *testing.T) (n int) {
	t.Helper()
	netns.Must(t, w.host.Do(func() error {
		for name, counter := range map[string]string{"snmp": "InDestUnreachs", "snmp6": "Icmp6InPktTooBigs"} {
			text, err := os.ReadFile("/proc/thread-self/net/" + name)
			if err != nil {
				return err
			}
			n += valueOf(string(text), counter)
		}
		return nil
	}))
	return n
}

// valueOf returns the first number under a name, in a table, or behind one, in a list.
func valueOf(text, name string) (n int) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for j, field := range strings.Fields(line) {
			if field != name {
				continue
			}
			value := strings.Fields(line)[len(strings.Fields(line))-1]
			if j > 0 {
				value = strings.Fields(lines[i+1])[j]
			}
			_, _ = fmt.Sscan(value, &n)
			return n
		}
	}
	return 0
}
