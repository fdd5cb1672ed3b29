package vectors_test

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

const (
	folder = "../../../../testdata/vectors"

	// snaplen is that of the original daemon and of the source pcap.
	snaplen = 2048
)

// vector is what the original daemon decided about one frame.
type vector struct {
	packet  int
	name    string // family/detail
	verdict string // forward, reject, ignored
	reason  string // of reject
	mtu     string // as far as it was read
	sport   string // likewise
	sha256  string // of the frame that was sent
	note    string
}

func loadVectors(t *testing.T, name string) []vector {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, name+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, row := range rows[1:] {
		row = append(row, make([]string, 8)...)
		v := vector{name: row[1], verdict: row[2], reason: row[3], mtu: row[4], sport: row[5], sha256: row[6], note: row[7]}
		if v.packet, err = strconv.Atoi(row[0]); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// loadPackets reads a capture, with each packet as the source pcap delivers it.
func loadPackets(t *testing.T, name string) []pipeline.Packet {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, name+".pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r.SetSnaplen(1 << 18)
	var packets []pipeline.Packet
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, pipeline.Packet{
			Data: data[:min(len(data), snaplen)], Length: info.Length,
			Time: pipeline.InstantOf(info.Timestamp), LinkType: linklayer.Ethernet,
		})
	}
}

// differences are the families of frames about which pmtud deliberately decides
// otherwise than the original, with its decision. The original takes the ICMPv6 MTU
// 4294967295 for "no MTU" and does not check it: to pmtud it is a bad MTU like others
// of that size. And it sends on what came to a group MAC, with that as its source:
// to pmtud it may be a copy, as each host of the group had it.
var differences = map[string]struct{ stage, reason string }{
	"v6-mtu-allones": {"mtu", "bad-mtu"},
	"mac-multicast":  {"icmp-ptb", "broadcast"},
}

func (v vector) family() string {
	family, _, _ := strings.Cut(v.name, "/")
	return family
}

// differs reports whether pmtud deliberately decides otherwise than the original.
func (v vector) differs() bool {
	_, differs := differences[v.family()]
	return differs
}

// expected returns the verdict that pmtud should come to. What the original
// ignored is what icmp-ptb drops, for a reason that the vectors don't tell.
func (v vector) expected() (stage, reason string) {
	switch {
	case v.differs():
		d := differences[v.family()]
		return d.stage, d.reason
	case v.verdict == "ignored":
		return "icmp-ptb", ""
	case v.verdict == "forward":
		return "", ""
	case v.reason == "rate-limited" && v.note == "source":
		return "src-rate", v.reason
	case v.reason == "rate-limited":
		return "iface-rate", v.reason
	}
	return stageOf[v.reason], v.reason
}

var stageOf = map[string]string{
	"bad-ihl":           "length",
	"too-short":         "length",
	"bad-mtu":           "mtu",
	"strict-mtu":        "mtu",
	"payload-too-short": "port-list",
	"bad-inner-version": "port-list",
	"l4-too-short":      "port-list",
	"port-not-listed":   "port-list",
	"from-peer":         "source-list",
}
