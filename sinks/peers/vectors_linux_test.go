package peers_test

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

const vectors = "../../testdata/vectors"

// cutAtIPLength has the frames with bytes behind the end of the IP packet, and how
// many bytes of ICMP are left of them. The original daemon sends those bytes
// along; this is a deliberate difference.
var cutAtIPLength = map[string]int{
	"frame-size-over/v6,tagged,len=2048": 68,

	"padding/v4,zeros=1": 36, "padding/v4,random=1": 36, "padding/v4,random=2": 36,
	"padding/v4,random=4": 36, "padding/v4,random=6": 36, "padding/v4,zeros=10": 36,
	"padding/v4,zeros=18": 36, "padding/v4,random=30": 36,

	"padding-short-quote/v4,quote=4,frame=70": 12, "padding-short-quote/v4,quote=4,frame=80": 12,
	"padding-short-quote/v4,quote=12,frame=80": 20, "padding-short-quote/v4,quote=16,frame=80": 24,
	"padding-short-quote/v4,quote=24,frame=70": 32, "padding-short-quote/v4,quote=28,frame=80": 36,
	"padding-short-quote/v6,quote=0,frame=94": 8, "padding-short-quote/v6,quote=0,frame=110": 8,
	"padding-short-quote/v6,quote=8,frame=94": 16, "padding-short-quote/v6,quote=31,frame=110": 39,

	"ip-length-lies/v4,total=48": 28, "ip-length-lies/v4,total=57": 37,
	"ip-length-lies/v6,payload=39": 39, "ip-length-lies/v6,payload=40": 40, "ip-length-lies/v6,payload=41": 41,
}

// ttlZero has the frames with TTL 0, which the original sends on with TTL 64 and
// this sink does not: the other deliberate difference.
var ttlZero = map[string]bool{
	"ttl-v4/ttl=0": true, "ttl-v4/ttl=0,tagged": true,
	"ttl-v6/hop-limit=0": true, "ttl-v6/hop-limit=0,tagged": true,
}

// sent is a line of peers-sent.tsv.
type sent struct {
	Case, Source string
	TTL          int
	ICMP         string // in hex
}

// TestVectors delivers every frame that the original daemon forwarded or refused
// as a peer's, and compares what reaches the peers, byte by byte.
func TestVectors(t *testing.T) {
	l := newLAN(t)
	captures := map[string]*capture{}
	for _, host := range []string{"2", "3"} {
		c := newCapture(t, l.host("peer"+host, "10.99.0."+host+"/24", "fd99::"+host+"/64"))
		captures["10.99.0."+host], captures["fd99::"+host] = c, c
	}
	sink := openFor(t, "10.99.0.2", "10.99.0.3", "fd99::2", "fd99::3")
	want := readSent(t)
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			if got := deliver(sink, v.packet); got != v.reason {
				t.Errorf("reason %q, want %q", got, v.reason)
			}
			for peer, want := range want[v.name] {
				if ttlZero[v.name] {
					continue
				}
				if n, ok := cutAtIPLength[v.name]; ok {
					want.ICMP = cut(t, want.ICMP, n, want.Source, peer)
				}
				got := captures[peer].next(1)[0]
				if diff := cmp.Diff(want, sent{v.name, got.src.String(), int(got.ttl), hex.EncodeToString(got.icmp)}); diff != "" {
					t.Errorf("to %s (-original +got):\n%s", peer, diff)
				}
				if got.dst.String() != peer {
					t.Errorf("to %v, want %s", got.dst, peer)
				}
			}
		})
	}
}

type vector struct {
	name, reason string
	packet       pipeline.Packet
}

// readVectors returns the frames that get as far as the sink, with the sink's
// reason to refuse them.
func readVectors(t *testing.T) (vs []vector) {
	packets := readPackets(t)
	for _, row := range readTSV(t, "peers.tsv") {
		n, err := strconv.Atoi(row[0])
		netns.Must(t, err)
		v := vector{name: row[1], packet: packets[n-1]}
		switch {
		case row[2] == "forward" && (row[7] == "ttl-expired-not-sent" || ttlZero[v.name]):
			v.reason = "ttl-expired"
		case row[3] == "from-peer":
			v.reason = "from-peer"
		case row[2] != "forward":
			continue
		}
		vs = append(vs, v)
	}
	return vs
}

// readSent returns what the original sent, by case and peer.
func readSent(t *testing.T) map[string]map[string]sent {
	out := map[string]map[string]sent{}
	for _, row := range readTSV(t, "peers-sent.tsv") {
		name, peer := row[1], row[2]
		ttl, err := strconv.Atoi(row[4])
		netns.Must(t, err)
		if out[name] == nil {
			out[name] = map[string]sent{}
		}
		out[name][peer] = sent{name, row[3], ttl, row[7]}
	}
	return out
}

func readTSV(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors, name))
	netns.Must(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	netns.Must(t, err)
	return rows[1:]
}

// readPackets reads the frames as the live source delivers them.
func readPackets(t *testing.T) (packets []pipeline.Packet) {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors, "public.pcap"))
	netns.Must(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	netns.Must(t, err)
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return packets
		}
		netns.Must(t, err)
		packets = append(packets, pipeline.Packet{
			Data: data[:min(len(data), 2048)], Length: info.Length,
			Time: pipeline.InstantOf(info.Timestamp), LinkType: linklayer.Ethernet,
		})
	}
}

// cut shortens a message to n bytes, and renews the checksum of ICMPv6.
func cut(t *testing.T, message string, n int, from, to string) string {
	t.Helper()
	data, err := hex.DecodeString(message)
	netns.Must(t, err)
	if n >= len(data) {
		t.Fatalf("%d data are to be cut to %d", len(data), n)
	}
	data = data[:n]
	src, dst := netip.MustParseAddr(from), netip.MustParseAddr(to)
	if src.Is6() {
		data[2], data[3] = 0, 0
		binary.BigEndian.PutUint16(data[2:], checksumICMPv6(src, dst, data))
	}
	return fmt.Sprintf("%x", data)
}

// checksumICMPv6 computes the checksum of RFC 4443, section 2.3.
func checksumICMPv6(src, dst netip.Addr, message []byte) uint16 {
	pseudo := append(src.AsSlice(), dst.AsSlice()...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(message)))
	pseudo = append(pseudo, 0, 0, 0, 58)
	data := append(pseudo, message...)
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	sum := uint32(0)
	for i := 0; i < len(data); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(data[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
