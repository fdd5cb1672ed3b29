//go:build !unix

package unixsocket

import (
	"errors"
	"net"
)

// Listen makes no socket: nothing would keep others from it.
func Listen(string) (net.Listener, error) { return nil, errors.ErrUnsupported }
