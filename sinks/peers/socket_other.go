//go:build !linux

package peers

import "github.com/pmtud/pmtud/pipeline/peerlist"

func protocol(bool) peerlist.SocketOptions { return peerlist.SocketOptions{Name: "raw ICMP"} }
