//go:build !linux

package relay

import "github.com/pmtud/pmtud/pipeline/peerlist"

func protocol(bool) peerlist.SocketOptions { return peerlist.SocketOptions{Name: "UDP"} }
