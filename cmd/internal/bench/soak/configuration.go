package soak

import (
	"fmt"
	"strings"
)

// configuration returns the nth configuration, whose pipelines kept and logged are
// always the same. That of -1 has no others.
func configuration(disk string, n int) string {
	text := strings.ReplaceAll(keptPipeline, "DISK", disk) + loggedPipeline
	if n < 0 {
		return text
	}
	text += strings.ReplaceAll(limitedPipeline, "DISK", disk)
	return text + fmt.Sprintf(strings.ReplaceAll(changingPipeline, "DISK", disk), 68+n%50)
}

// bad returns a configuration with a mistake, of several kinds.
func bad(disk string, n int) string {
	text := configuration(disk, n)
	switch n % 4 {
	case 0:
		return text + "  kept: {}\n"
	case 1:
		return text[:len(text)/2]
	case 2: // after others have been opened
		return text + "  nowhere: {sources: [{type: pcap, interface: nowhere0}], sinks: [{type: log}]}\n"
	}
	// After others have been closed.
	return strings.ReplaceAll(text, "changing.pcap", "nowhere/changing.pcap") +
		"  taker: {sources: [{type: pcap, interface: eth0}], sinks: [{type: pcap-file, path: " + disk + "/in/changing.pcap}]}\n"
}

const keptPipeline = `
log: {format: json}
http: {listen: "127.0.0.1:9342"}
pipelines:
  kept:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: mtu}, {type: iface-rate, rate: 2000}]
    sinks:
      - {type: broadcast, interface: eth0, queue: {max_age: 1s}}
      - {type: log, format: json, queue: {size: 256, max_age: 50ms}}
      - {type: pcap-file, path: DISK/in/kept.pcapng, max_size: 64KiB, keep: 2}
`

const loggedPipeline = `
  logged:
    sources: [{type: nflog, group: 33, buffer_size: 32KiB}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 100}]
    sinks: [{type: broadcast, interface: eth0}, {type: peers, addresses: [peers.example], refresh: 1s}]
`

const limitedPipeline = `
  limited:
    sources: [{type: pcap, interface: eth0, ring_size: 1MiB}]
    filters: [{type: icmp-ptb}, {type: length}, {type: iface-rate, rate: 10}]
    sinks:
      - {type: broadcast, interface: eth0}
      - {type: pcap-file, path: DISK/in/limited.pcap, max_age: 1s, keep: 2}
`

const changingPipeline = `
  changing:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: mtu, min: %d}, {type: dedup}, {type: src-rate, key: client-prefix}, {type: iface-rate, rate: 100}]
    sinks:
      - {type: broadcast, interface: eth0, filters: [{type: mtu, max: 1279}]}
      - {type: pcap-file, path: DISK/in/changing.pcap, max_size: 32KiB, keep: 2}
`
