package vectors_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/packet"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestMain(m *testing.M) { netns.Main(m) }

// TestSentFrames sends every frame of the vectors to the real daemon over a wire
// and compares what it broadcasts, byte for byte and in order.
func TestSentFrames(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	binary := programtest.Build(t)
	for _, tc := range []struct {
		vectors string
		options []string
	}{
		{"default", nil},
		{"ports", []string{"--ports", "80,443,8080"}},
		{"strict", []string{"--strict"}},
		{"use-src", []string{"--use-src"}},
		{"ports-strict-use-src", []string{"--ports=80,443,8080", "-tS"}},
	} {
		t.Run(tc.vectors, func(t *testing.T) {
			vectors := loadVectors(t, tc.vectors)
			useSource := strings.HasSuffix(tc.vectors, "use-src")
			var packets []pipeline.Packet
			var want []sent
			for i, p := range loadPackets(t, "public") {
				if v := vectors[i]; onWire(v, p) {
					packets = append(packets, p)
					if v.verdict == "forward" && !v.differs() {
						want = append(want, newSent(v, p, useSource))
					}
				}
			}
			got, mac := exchange(t, binary, tc.options, packets, len(want))
			for i := range min(len(got), len(want)) {
				want[i].compare(t, got[i], mac)
			}
			if len(got) != len(want) {
				t.Errorf("%d broadcasts, want %d", len(got), len(want))
			}
		})
	}
}

// sent is a frame that the original daemon sends.
type sent struct {
	vector
	source []byte // its source address
	own    bool   // which pmtud replaces by its own
}

// newSent returns what the original sends for a packet. Each frame of the vectors was
// sent to a host of its own, which the interface replaces; and no group's address
// becomes a source.
func newSent(v vector, p pipeline.Packet, useSource bool) sent {
	if useSource {
		return sent{v, bytes.Clone(p.Data[6:12]), p.Data[6]&1 != 0}
	}
	return sent{v, bytes.Clone(p.Data[:6]), true}
}

// compare compares a frame that the daemon sent, on an interface with the address mac.
func (s sent) compare(t *testing.T, frame []byte, mac net.HardwareAddr) {
	t.Helper()
	if own := bytes.Equal(frame[6:12], mac); own != s.own {
		t.Fatalf("%d %s: broadcast from the interface's address: %v, want %v", s.packet, s.name, own, s.own)
	}
	if s.own {
		frame = slices.Replace(slices.Clone(frame), 6, 12, s.source...)
	}
	if sum := sha256.Sum256(frame); hex.EncodeToString(sum[:]) != s.sha256 {
		t.Fatalf("%d %s: broadcast %x, want one with the digest %s", s.packet, s.name, frame, s.sha256)
	}
}

// onWire reports whether a frame can be sent: those noted as records can't, nor
// those that the capture holds only a part of.
func onWire(v vector, p pipeline.Packet) bool {
	return v.note != "record" && len(p.Data) >= 14 && !p.Truncated()
}

// exchange sends frames to a daemon and returns the frames that it broadcasts, which
// come until so many have and the daemon has ended, and its interface's address.
// Frames to one host go to the daemon's.
func exchange(t *testing.T, binary string, options []string, packets []pipeline.Packet, want int) ([][]byte, net.HardwareAddr) {
	t.Helper()
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t,
		host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		netns.Veth(host, "eth0", wire, "eth0"),
		host.SetMTU("eth0", 9500), wire.SetMTU("eth0", 9500),
	)
	ifi, err := host.Interface("eth0")
	netns.Must(t, err)
	conn := listen(t, wire)
	stop := startDaemon(t, host, binary, configuration(t, binary, options))

	end := sniff(t, wire)
	for _, p := range packets {
		if !p.Broadcast() {
			copy(p.Data, ifi.HardwareAddr)
		}
		if _, err := conn.WriteTo(p.Data, &packet.Addr{HardwareAddr: p.Data[:6]}); err != nil {
			t.Fatalf("send frame: %v", err)
		}
	}
	stop(want)
	return end(want), ifi.HardwareAddr
}

// configuration writes the file that options stand for.
func configuration(t *testing.T, binary string, options []string) (path string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{
		"--iface", "eth0", "--src-rate", "1e9", "--iface-rate", "1e9", "-v", "--print-config",
	}, options...)...)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("print configuration: %v", err)
	}
	path = filepath.Join(t.TempDir(), "pmtud.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func listen(t *testing.T, ns *netns.NS) (conn *packet.Conn) {
	t.Helper()
	ifi, err := ns.Interface("eth0")
	if err != nil {
		t.Fatal(err)
	}
	netns.Must(t, ns.Do(func() (err error) {
		conn, err = packet.Listen(ifi, packet.Raw, syscall.ETH_P_ALL, nil)
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// sniff captures what comes to the namespace. The function returned ends it when so
// many broadcast frames have come, or none for long, and returns them.
func sniff(t *testing.T, ns *netns.NS) (end func(want int) [][]byte) {
	t.Helper()
	plugin := pcap.Plugin()
	settings := plugin.NewSettings().(*pcap.Settings)
	settings.Interface, settings.Promiscuous, settings.Snaplen = "eth0", true, 1<<16-1
	built, err := plugin.Build(settings, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	source := built.(pipeline.Source)
	netns.Must(t, ns.Do(func() error { return source.Open(t.Context()) }))

	ctx, cancel := context.WithCancel(t.Context())
	var frames [][]byte
	came := make(chan struct{}, 1<<16)
	done := make(chan error, 1)
	go func() {
		done <- source.Run(ctx, func(batch []pipeline.Packet) {
			for i := range batch {
				if p := &batch[i]; p.Broadcast() {
					frames = append(frames, bytes.Clone(p.Data))
					came <- struct{}{}
				}
			}
		})
	}()
	return func(want int) [][]byte {
		for range want {
			select {
			case <-came:
			case <-time.After(5 * time.Second):
			}
		}
		cancel()
		if err := errors.Join(<-done, source.Close()); err != nil {
			t.Errorf("sniff: %v", err)
		}
		return frames
	}
}

// startDaemon starts pmtud and waits until it is ready. The function returned ends
// it once its counters show so many delivered packets.
func startDaemon(t *testing.T, ns *netns.NS, binary, config string) (stop func(delivered int)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, "run", "-c", config)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	netns.Must(t, ns.Start(cmd))
	log := bufio.NewScanner(stderr)
	for log.Scan() && !strings.Contains(log.Text(), "ready") {
		t.Log(log.Text())
	}
	return func(delivered int) {
		lines := bufio.NewScanner(stdout)
		for n := 0; n < delivered && lines.Scan(); n++ {
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		for log.Scan() {
			t.Log(log.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("pmtud: %v", err)
		}
	}
}
