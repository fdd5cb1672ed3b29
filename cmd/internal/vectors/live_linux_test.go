package vectors_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/packet"

	"github.com/pmtud/pmtud/cmd/internal/programtest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestMain(m *testing.M) { netns.Main(m) }

// TestSentFrames sends every frame of the vectors to the real daemon over a wire
// and compares what it broadcasts, octet for octet and in order.
func TestSentFrames(t *testing.T) {
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
			var frames []pipeline.Packet
			var want []string
			for i, p := range loadPackets(t, "public") {
				if v := vectors[i]; onWire(v, p) {
					frames = append(frames, p)
					if v.verdict == "forward" && !v.differs() {
						want = append(want, v.sha256)
					}
				}
			}
			got := exchange(t, binary, tc.options, frames, len(want))
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("broadcast %d of %d is %s, want %s", i+1, len(want), got[i], want[i])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d broadcasts, want %d", len(got), len(want))
			}
		})
	}
}

// onWire reports whether a frame can be sent: those noted as records can't, nor
// those that the capture holds only a part of.
func onWire(v vector, p pipeline.Packet) bool {
	return v.note != "record" && len(p.Data) >= 14 && !p.Truncated()
}

// exchange sends frames to a daemon and returns the digests of the frames that it
// broadcasts: those that come until so many have and the daemon has ended.
func exchange(t *testing.T, binary string, options []string, frames []pipeline.Packet, want int) []string {
	t.Helper()
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t,
		host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		netns.Veth(host, "eth0", wire, "eth0"),
		host.SetMTU("eth0", 9500), wire.SetMTU("eth0", 9500),
	)
	conn := listen(t, wire)
	stop := startDaemon(t, host, binary, configuration(t, binary, options))

	end := sniff(t, wire)
	for _, p := range frames {
		if _, err := conn.WriteTo(p.Data, &packet.Addr{HardwareAddr: p.Data[:6]}); err != nil {
			t.Fatalf("send frame: %v", err)
		}
	}
	stop(want)
	return end(want)
}

// configuration writes the file that options stand for, but promiscuous: each of
// the frames is for a host of its own.
func configuration(t *testing.T, binary string, options []string) (path string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{
		"--iface", "eth0", "--src-rate", "1e9", "--iface-rate", "1e9", "-v", "--print-config",
	}, options...)...)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("print configuration: %v", err)
	}
	source := []byte("- type: pcap\n")
	indent := text[:bytes.Index(text, source)]
	indent = indent[bytes.LastIndexByte(indent, '\n')+1:]
	setting := fmt.Sprintf("%s%s  promiscuous: true\n", source, indent)
	path = filepath.Join(t.TempDir(), "pmtud.yaml")
	if err := os.WriteFile(path, bytes.Replace(text, source, []byte(setting), 1), 0o600); err != nil {
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
// many broadcast frames have come, or none for long, and returns their digests.
func sniff(t *testing.T, ns *netns.NS) (end func(want int) []string) {
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
	var digests []string
	came := make(chan struct{}, 1<<16)
	done := make(chan error, 1)
	go func() {
		done <- source.Run(ctx, func(batch []pipeline.Packet) {
			for i := range batch {
				if p := &batch[i]; p.Broadcast() {
					sum := sha256.Sum256(p.Data)
					digests = append(digests, hex.EncodeToString(sum[:]))
					came <- struct{}{}
				}
			}
		})
	}()
	return func(want int) []string {
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
		return digests
	}
}

// startDaemon starts pmtud and waits until it is ready. The function returned ends
// it once its books show so many delivered packets.
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
