package vectors_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline"
)

// decision is a line of `pmtud replay --verdicts`.
type decision struct {
	Packet  int    `json:"packet"`
	Verdict string `json:"verdict"`
	Stage   string `json:"stage"`
	Reason  string `json:"reason"`
	MTU     *int64 `json:"mtu"`
	Sport   *int   `json:"sport"`
}

// TestReplay runs the real binary over the vectors: its verdicts, and the frames
// that it writes.
func TestReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	binary := programtest.Build(t)
	for _, tc := range []struct {
		vectors, capture string
		options          []string
	}{
		{"default", "public", []string{"-s", "1e9", "-r", "1e9"}},
		{"ports", "public", []string{"--ports", "80,443,8080", "--src-rate", "1e9", "--iface-rate", "1e9"}},
		{"strict", "public", []string{"--strict", "-s1e9", "-r1e9"}},
		{"use-src", "public", []string{"-S", "-s", "1e9", "-r", "1e9"}},
		{"ports-strict-use-src", "public", []string{"-tSp", "80,443,8080", "-s", "1e9", "-r", "1e9"}},
		{"peers", "public", []string{"-P", "10.99.0.2,10.99.0.3,fd99::2,fd99::3", "-s", "1e9", "-r", "1e9"}},
		{"rate-1.src1-iface10", "rate-1", nil},
		{"rate-1.src1.1-iface10", "rate-1", []string{"--src-rate", "1.1"}},
		{"rate-1.src100-iface1000", "rate-1", []string{"--src-rate", "100", "--iface-rate", "1000"}},
		{"rate-2.src1-iface10", "rate-2", nil},
		{"rate-2.src1.1-iface10", "rate-2", []string{"--src-rate", "1.1"}},
		{"rate-2.src100-iface1000", "rate-2", []string{"--src-rate", "100", "--iface-rate", "1000"}},
	} {
		t.Run(tc.vectors, func(t *testing.T) {
			vectors := loadVectors(t, tc.vectors)
			sent := filepath.Join(t.TempDir(), "sent.pcap")
			args := append([]string{"replay", "--write", sent, "--verdicts", "-"}, tc.options...)
			decisions := runReplay(t, binary, append(args, filepath.Join(folder, tc.capture+".pcap")))
			if len(decisions) != len(vectors) {
				t.Fatalf("%d decisions, want %d", len(decisions), len(vectors))
			}
			for i, v := range vectors {
				compareDecision(t, v, decisions[i])
			}
			if tc.vectors != "peers" { // of which sinks/peers compares what arrives
				packets := loadPackets(t, tc.capture)
				if !strings.HasSuffix(tc.vectors, "use-src") {
					packets = nil
				}
				compareSent(t, vectors, sent, packets)
			}
		})
	}
}

func runReplay(t *testing.T, binary string, args []string) (decisions []decision) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("replay: %v\n%s", err, &stderr)
	}
	for line := range bytes.Lines(out) {
		var d decision
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		decisions = append(decisions, d)
	}
	return decisions
}

func compareDecision(t *testing.T, v vector, d decision) {
	t.Helper()
	stage, reason := v.expected()
	verdict := "drop"
	if stage == "" {
		verdict = "forward"
	}
	if d.Packet != v.packet || d.Verdict != verdict || d.Stage != stage || reason != "" && d.Reason != reason {
		t.Errorf("%d %s: decided %+v, want %s %s %s", v.packet, v.name, d, verdict, stage, reason)
	}
	if v.mtu != "" && (d.MTU == nil || strconv.FormatInt(*d.MTU, 10) != v.mtu) {
		t.Errorf("%d %s: mtu %v, want %s", v.packet, v.name, d.MTU, v.mtu)
	}
	if v.sport != "" && !v.differs() && (d.Sport == nil || strconv.Itoa(*d.Sport) != v.sport) {
		t.Errorf("%d %s: sport %v, want %s", v.packet, v.name, d.Sport, v.sport)
	}
}

// compareSent compares the frames written with those that the original sent, of the
// packets with their own source addresses if there are any. A group's address becomes
// none: that of the interface, which is not known here, takes its place.
func compareSent(t *testing.T, vectors []vector, path string, packets []pipeline.Packet) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if v.verdict != "forward" || v.differs() {
			continue
		}
		data, _, err := r.ReadPacketData()
		if err != nil {
			t.Fatalf("%d %s: %v", v.packet, v.name, err)
		}
		if packets != nil && packets[i].Data[6]&1 != 0 {
			if !bytes.Equal(data[6:12], make([]byte, 6)) {
				t.Errorf("%d %s: sent from %x", v.packet, v.name, data[6:12])
			}
			copy(data[6:], packets[i].Data[6:12])
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != v.sha256 {
			t.Errorf("%d %s: another frame was sent", v.packet, v.name)
		}
	}
	if data, _, err := r.ReadPacketData(); err == nil {
		t.Errorf("one more frame was sent: %x", data)
	}
}
