package verdict

import (
	"encoding/hex"
	"strconv"

	"github.com/pmtud/pmtud/pipeline"
)

// AppendText appends the decision about p as the original daemon prints it,
// without a line end:
//
//	203.0.113.1 transmitting mtu=1400 sport=80
//	203.0.113.1 port-not-listed mtu=1400 sport=8081
//
// What is not known is "-" for the router and -1 for the numbers; the port is
// known only where a filter read it. With bytes the packet follows in hex.
func AppendText(dst []byte, p *pipeline.Packet, octets bool) []byte {
	if router := p.Router(); router.IsValid() {
		dst = router.AppendTo(dst)
	} else {
		dst = append(dst, '-')
	}
	if p.Verdict.Forward() {
		dst = append(dst, " transmitting mtu="...)
	} else {
		dst = append(dst, ' ')
		dst = append(dst, p.Verdict.Reason...)
		dst = append(dst, " mtu="...)
	}
	if mtu, ok := p.MTU(); ok {
		dst = strconv.AppendUint(dst, uint64(mtu), 10)
	} else {
		dst = append(dst, "-1"...)
	}
	dst = append(dst, " sport="...)
	dst = strconv.AppendInt(dst, int64(p.ReadPort), 10)
	if octets {
		dst = append(dst, ' ')
		dst = hex.AppendEncode(dst, p.Data)
	}
	return dst
}

// AppendTerminal appends what AppendText does for a terminal, between the
// packet's local time and the client of the connection:
//
//	15:04:05.000006 203.0.113.1 transmitting mtu=1400 sport=80 client=198.51.100.7
func AppendTerminal(dst []byte, p *pipeline.Packet, octets bool) []byte {
	dst = append(p.Time.Time().Local().AppendFormat(dst, "15:04:05.000000"), ' ')
	dst = AppendText(dst, p, false)
	if q, ok := p.Quoted(); ok {
		dst = q.Dst.AppendTo(append(dst, " client="...))
	}
	if octets {
		dst = hex.AppendEncode(append(dst, ' '), p.Data)
	}
	return dst
}
