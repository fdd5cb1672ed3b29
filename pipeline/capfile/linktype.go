package capfile

import "github.com/pmtud/pmtud/pipeline/linklayer"

// Numbers of raw IP (DLT_RAW) at sockets. Old programs wrote them to files as well.
const (
	dltRaw        = 12
	dltRawOpenBSD = 14
)

// linkTypeOf returns what a file's number of a link type means.
func linkTypeOf(n uint16) linklayer.Type {
	if n == dltRaw || n == dltRawOpenBSD {
		return linklayer.Raw
	}
	return linklayer.Type(n)
}
