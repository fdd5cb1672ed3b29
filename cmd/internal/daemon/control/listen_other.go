//go:build !unix

package control

import (
	"errors"
	"net"
)

// listen makes no socket: nothing would keep others from it.
func listen(string) (net.Listener, error) { return nil, errors.ErrUnsupported }
