package replay

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/gopackets"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// dissect returns what gopacket finds in a packet, and in the packet that it quotes, for
// people to read:
//
//	message, 142 bytes
//	  Ethernet, 14 bytes
//	    SrcMAC=02:00:00:00:00:01 DstMAC=02:00:00:00:00:02 EthernetType=IPv4
//	  ...
//	quoted packet, 100 of 1500 bytes
//	  ...
func dissect(p *pipeline.Packet) string {
	var b strings.Builder
	from, first := firstLayer(p)
	message := gopackets.NewPacket(&pipeline.Packet{Data: p.Data[from:], Length: p.Length - from}, first, gopacket.NoCopy)
	writeLayers(&b, "message", message)
	if quote := p.Quote(); len(quote) > 0 {
		quoted := pipeline.Packet{Data: quote, Length: len(quote)}
		if q, ok := p.Quoted(); ok {
			quoted.Length = max(q.Length, len(quote))
		}
		writeLayers(&b, "quoted packet", gopackets.NewPacket(&quoted, firstOfIP(wire.Version(quote)), gopacket.NoCopy))
	}
	return b.String()
}

// firstLayer returns where gopacket begins and with what. Headers that it does not know
// are skipped.
func firstLayer(p *pipeline.Packet) (from int, first gopacket.Decoder) {
	switch p.LinkType {
	case linklayer.Ethernet, linklayer.SLL:
	default:
		if p.Network >= 0 {
			return p.Network, layers.EthernetType(p.EtherType)
		}
	}
	if p.LinkType > math.MaxUint8 {
		return 0, gopacket.DecodeUnknown
	}
	return 0, layers.LinkType(p.LinkType)
}

func firstOfIP(version uint8) gopacket.Decoder {
	switch version {
	case 4:
		return layers.LayerTypeIPv4
	case 6:
		return layers.LayerTypeIPv6
	}
	return gopacket.DecodeUnknown
}

func writeLayers(b *strings.Builder, what string, packet gopacket.Packet) {
	m := packet.Metadata()
	fmt.Fprintf(b, "%s, %s\n", what, bytesOf(m.CaptureLength, m.Length))
	for _, l := range packet.Layers() {
		switch {
		case l == packet.ErrorLayer():
			fmt.Fprintf(b, "  not decoded: %v\n", packet.ErrorLayer().Error())
		case len(l.LayerContents()) > 0: // a header that is cut comes without
			fmt.Fprintf(b, "  %v, %d bytes\n", l.LayerType(), len(l.LayerContents()))
			wrap(b, fieldsOf(l))
		}
	}
}

func bytesOf(captured, length int) string {
	if captured == length {
		return fmt.Sprintf("%d bytes", length)
	}
	return fmt.Sprintf("%d of %d bytes", captured, length)
}

// fieldsOf returns the fields of a layer as gopacket writes them: not those that are
// empty, nor the bytes of the layer and those behind it, nor what is a layer of its own.
func fieldsOf(l gopacket.Layer) (fields []string) {
	_, text, _ := strings.Cut(gopacket.LayerString(l), "\t{")
	depth := 0
	for field := range strings.FieldsFuncSeq(strings.TrimSuffix(text, "}"), func(r rune) bool {
		switch r {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		return r == ' ' && depth == 0
	}) {
		name, value, _ := strings.Cut(strings.Map(printable, field), "=")
		switch {
		case name == "Contents", name == "Payload", name == "HopByHop", value == "", value == "[]", value == "nil":
		default:
			fields = append(fields, name+"="+value)
		}
	}
	return fields
}

// printable keeps what a packet has in its fields from changing a terminal.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '.'
}

// wrap writes fields, as many words on a line as fit a terminal.
func wrap(b *strings.Builder, fields []string) {
	const indent, width = "    ", 80
	column := 0
	for w := range strings.FieldsSeq(strings.Join(fields, " ")) {
		if column > 0 && column+1+len(w) > width {
			b.WriteByte('\n')
			column = 0
		}
		space := " "
		if column == 0 {
			space = indent
		}
		b.WriteString(space + w)
		column += len(space) + len(w)
	}
	if column > 0 {
		b.WriteByte('\n')
	}
}
