// Package verdict writes down what a pipeline decided about a packet, as a line of
// text or as JSON.
package verdict

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pmtud/pmtud/pipeline"
)

// Place is where a packet is in captures. The zero value stands for one that was not
// read from a capture.
type Place struct {
	Capture string // empty where there is only one
	Number  uint64 // counted from 1, of all packets of the capture

	// Cut says that the capture lacks bytes of the packet which the daemon would have
	// had.
	Cut bool
}

// String returns "packet 3" or "packet 3 of a.pcap".
func (p Place) String() string {
	if p.Capture == "" {
		return fmt.Sprintf("packet %d", p.Number)
	}
	return fmt.Sprintf("packet %d of %s", p.Number, p.Capture)
}

// AppendJSON appends the decision about p as a JSON object without a line end:
//
//	{"packet":1,"time":"2026-01-02T03:04:05.000006Z","verdict":"forward",
//	 "router":"203.0.113.1","target":"10.99.0.1","mtu":1400,"proto":"tcp",
//	 "src":"10.99.0.1","sport":80,"dst":"198.51.100.7","dport":40001}
//
// First come "capture" and "packet", as far as they are known, and behind
// the time "cut":true for a packet that the capture has cut. A drop carries "stage" and
// "reason". A reason without a stage says why a source would not have delivered the
// packet; its verdict is "not-captured".
// The router and the target are the outer source and destination, the rest from
// "proto" on is of the quoted packet. Fields that are not known are left out.
// "sport" is the port that a filter read in order to decide, if any did; all else is
// shown only as far as it lies inside the IP packet. Sinks, if not nil, are the names of
// those that got the packet.
func AppendJSON(dst []byte, at Place, p *pipeline.Packet, sinks []string) []byte {
	dst = append(dst, '{')
	if at.Capture != "" {
		dst = append(dst, `"capture":`...)
		dst = append(appendString(dst, at.Capture), ',')
	}
	if at.Number != 0 {
		dst = append(dst, `"packet":`...)
		dst = strconv.AppendUint(dst, at.Number, 10)
		dst = append(dst, ',')
	}
	dst = append(dst, `"time":"`...)
	dst = append(AppendTime(dst, p.Time.Time()), '"')
	if at.Cut {
		dst = append(dst, `,"cut":true`...)
	}
	dst = appendVerdict(dst, p.Verdict)
	if sinks != nil {
		dst = appendNames(dst, "sinks", sinks)
	}
	return append(appendFields(dst, p), '}')
}

func appendVerdict(dst []byte, v pipeline.Verdict) []byte {
	switch {
	case v.Forward():
		return append(dst, `,"verdict":"forward"`...)
	case v.Stage == "":
		dst = append(dst, `,"verdict":"not-captured"`...)
	default:
		dst = append(dst, `,"verdict":"drop"`...)
		dst = appendName(dst, "stage", v.Stage)
	}
	return appendName(dst, "reason", v.Reason)
}

// AppendTime appends t as RFC 3339 in UTC with microseconds, or nanoseconds where
// microseconds don't tell all.
func AppendTime(dst []byte, t time.Time) []byte {
	if t.Nanosecond()%1000 == 0 {
		return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	}
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
}

func appendFields(dst []byte, p *pipeline.Packet) []byte {
	dst = appendAddr(dst, "router", p.Router())
	dst = appendAddr(dst, "target", p.Target())
	if mtu, ok := p.MTU(); ok {
		dst = appendNumber(dst, "mtu", uint64(mtu))
	}
	q, ok := p.Quoted()
	if ok {
		dst = appendName(dst, "proto", q.Protocol.String())
		dst = appendAddr(dst, "src", q.Src)
	}
	switch {
	case p.ReadPort >= 0:
		dst = appendNumber(dst, "sport", uint64(p.ReadPort))
	case q.HasPorts:
		dst = appendNumber(dst, "sport", uint64(q.SrcPort))
	}
	dst = appendAddr(dst, "dst", q.Dst)
	if q.HasPorts {
		dst = appendNumber(dst, "dport", uint64(q.DstPort))
	}
	return dst
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

func appendNumber(dst []byte, key string, n uint64) []byte {
	return strconv.AppendUint(appendKey(dst, key), n, 10)
}

func appendAddr(dst []byte, key string, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	return append(a.AppendTo(dst), '"')
}

func appendName(dst []byte, key, name string) []byte {
	return appendString(appendKey(dst, key), name)
}

func appendNames(dst []byte, key string, names []string) []byte {
	dst = append(appendKey(dst, key), '[')
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, n)
	}
	return append(dst, ']')
}

// appendString appends a JSON string. Names come from the configuration and may
// hold anything; strconv's escapes are not JSON's for control characters.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
