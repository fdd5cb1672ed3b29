package replay_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/packet"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// deciding are the filters that decide live and again in the replay.
const deciding = `[
      {type: icmp-ptb}, {type: length}, {type: mtu}, {type: port-list, ports: [80, 443]},
      {type: src-rate, rate: 5}, {type: iface-rate, rate: 100}]`

// liveConfig has two pipelines, since a packet's time stamp is of the socket that
// captured it: two sockets see the same packet at different times. So each pipeline
// is compared with what it captured itself. The first one writes a capture of
// everything, and what its log's filters let pass; the second one logs every
// verdict, with the packet's bytes. The latency is high so that the ring, which
// has a block for each such time, holds all of a busy machine's pause.
const liveConfig = `
pipelines:
  written:
    sources: [{type: pcap, interface: eth0, latency: 20ms}]
    sinks:
      - {type: pcap-file, path: %s}
      - type: log
        format: json
        filters: ` + deciding + `
  logged:
    sources: [{type: pcap, interface: eth0, latency: 20ms}]
    filters: ` + deciding + `
    sinks:
      - {type: log, format: json, verbosity: 3}
`

const replayConfig = `
pipelines:
  again:
    sources: [{type: pcap, interface: eth0}]
    filters: ` + deciding + `
    sinks: [{type: log}]
`

// TestLiveEqualsReplay lets the real program decide about packets on a wire, and
// then about its captures of them.
func TestLiveEqualsReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	binary := programtest.Build(t)
	dir := t.TempDir()
	written := filepath.Join(dir, "written.pcapng")
	live := runLive(t, binary, fmt.Sprintf(liveConfig, written))

	again := replayVerdicts(t, binary, dir, written)
	var forwarded []string
	drops := map[string]int{}
	for _, v := range again {
		if strings.Contains(v, `"verdict":"forward"`) {
			forwarded = append(forwarded, v)
		} else {
			drops[dropOf(t, v)]++
		}
	}
	if diff := cmp.Diff(live.forwarded, forwarded); diff != "" {
		t.Errorf("forwarded packets (-live +replay):\n%s", diff)
	}
	if diff := cmp.Diff(live.drops, drops); diff != "" {
		t.Errorf("dropped packets (-live +replay):\n%s", diff)
	}

	logged := filepath.Join(dir, "logged.pcapng")
	writeCapture(t, logged, live.logged)
	again = replayVerdicts(t, binary, dir, logged)
	if diff := cmp.Diff(live.verdicts, again); diff != "" {
		t.Errorf("verdicts (-live +replay):\n%s", diff)
	}
	for _, reason := range []string{"src-rate rate-limited", "iface-rate rate-limited", "port-list port-not-listed"} {
		if live.drops[reason] == 0 {
			t.Errorf("no packet was dropped by %s: the test tests too little", reason)
		}
	}
	t.Logf("%d packets, %d forwarded, %d verdicts with bytes; dropped %v", len(again), len(forwarded), len(live.verdicts), live.drops)
}

// liveResult is what a daemon decided.
type liveResult struct {
	forwarded []string          // verdicts of the pipeline "written", forwarded packets only
	drops     map[string]int    // of that pipeline, by stage and reason
	verdicts  []string          // all of the pipeline "logged"
	logged    []pipeline.Packet // about which those are
}

func runLive(t *testing.T, binary, text string) (live liveResult) {
	t.Helper()
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t,
		host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		netns.Veth(host, "eth0", wire, "eth0"),
	)
	cmd := exec.CommandContext(t.Context(), binary, "run", "-c", writeFile(t, "live.yaml", text))
	stdout, err := cmd.StdoutPipe()
	netns.Must(t, err)
	stderr, err := cmd.StderrPipe()
	netns.Must(t, err)
	netns.Must(t, host.Start(cmd))
	log := bufio.NewScanner(stderr)
	for log.Scan() && !strings.Contains(log.Text(), "ready") {
		t.Log(log.Text())
	}
	var came atomic.Int64
	done := make(chan []string)
	go func() {
		var lines []string
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines = append(lines, s.Text())
			if strings.Contains(s.Text(), `"octets"`) {
				came.Add(1)
			}
		}
		done <- lines
	}()
	sent := inject(t, wire, host)
	for began := time.Now(); came.Load() < int64(sent) && time.Since(began) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	netns.Must(t, cmd.Process.Signal(syscall.SIGTERM))
	live.drops = map[string]int{}
	for log.Scan() {
		live.note(t, log.Text())
	}
	for _, line := range <-done {
		live.decision(t, line)
	}
	netns.Must(t, cmd.Wait())
	if len(live.verdicts) != sent {
		t.Fatalf("%d verdicts about %d packets", len(live.verdicts), sent)
	}
	return live
}

// inject sends messages of many routers at rates from a few to hundreds a second,
// and returns the number of those that a pipeline that begins with icmp-ptb gets.
func inject(t *testing.T, wire, host *netns.NS) (ptbs int) {
	t.Helper()
	ifi, err := wire.Interface("eth0")
	netns.Must(t, err)
	to, err := host.Interface("eth0")
	netns.Must(t, err)
	var conn *packet.Conn
	netns.Must(t, wire.Do(func() (err error) {
		conn, err = packet.Listen(ifi, packet.Raw, syscall.ETH_P_ALL, nil)
		return err
	}))
	defer conn.Close()
	random := rand.New(rand.NewPCG(3, 4))
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		for range random.IntN(5) {
			router := byte(random.Uint32N(1 + random.Uint32N(40)))
			m := pipelinetest.PTB{
				Router: netip.AddrFrom4([4]byte{203, 0, 113, router}), DstMAC: [6]byte(to.HardwareAddr),
				MTU: 1000 + random.Uint32N(500), SrcPort: []uint16{80, 443, 443, 22}[random.IntN(4)],
			}
			if router%3 == 0 {
				m.Router = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: router})
			}
			frame := m.Frame()
			ptbs++
			if router%8 == 5 && m.Router.Is4() { // another ICMP message
				frame[14+21] = 1
				ptbs--
			}
			_, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: to.HardwareAddr})
			netns.Must(t, err)
		}
		<-tick.C
	}
	return ptbs
}

var dropped = regexp.MustCompile(`msg=dropped pipeline=written sink=log stage=(\S+) reason=(\S+) packets=(\d+)`)

// note takes the counters from a line of the log.
func (l *liveResult) note(t *testing.T, line string) {
	t.Helper()
	if strings.Contains(line, `msg="pipeline stopped"`) && !strings.Contains(line, "lost=0") {
		t.Errorf("packets were lost: %s", line)
	}
	if m := dropped.FindStringSubmatch(line); m != nil {
		n, err := strconv.Atoi(m[3])
		netns.Must(t, err)
		l.drops[m[1]+" "+m[2]] = n
	}
}

// decision notes a line of one of the two pipelines.
func (l *liveResult) decision(t *testing.T, line string) {
	t.Helper()
	verdict, octets, found := strings.Cut(line, `,"octets":"`)
	if !found {
		l.forwarded = append(l.forwarded, line)
		return
	}
	data, err := hex.DecodeString(strings.TrimSuffix(octets, `"}`))
	netns.Must(t, err)
	var fields struct {
		Time time.Time `json:"time"`
	}
	netns.Must(t, json.Unmarshal([]byte(line), &fields))
	l.verdicts = append(l.verdicts, verdict+"}")
	l.logged = append(l.logged, pipeline.Packet{
		Data: data, Length: len(data), Time: pipeline.InstantOf(fields.Time), LinkType: linklayer.Ethernet,
	})
}

func dropOf(t *testing.T, verdict string) string {
	t.Helper()
	var v struct{ Stage, Reason string }
	netns.Must(t, json.Unmarshal([]byte(verdict), &v))
	return v.Stage + " " + v.Reason
}

var number = regexp.MustCompile(`^{"packet":\d+,`)

// replayVerdicts replays a capture and returns the verdicts without the packets'
// numbers, which live ones don't have.
func replayVerdicts(t *testing.T, binary, dir, capture string) (verdicts []string) {
	t.Helper()
	path := filepath.Join(dir, "verdicts.jsonl")
	cmd := exec.Command(binary, "replay", "-c", writeFile(t, "again.yaml", replayConfig), "--verdicts", path, capture)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("replay: %v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	netns.Must(t, err)
	for line := range bytes.Lines(text) {
		verdicts = append(verdicts, number.ReplaceAllString(strings.TrimSpace(string(line)), "{"))
	}
	return verdicts
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
