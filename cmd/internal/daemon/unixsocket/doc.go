// Package unixsocket makes unix sockets for root and a group. A socket that a dead process
// left behind is replaced; one that somebody listens on is not.
//
// The umask makes the mode 0660: chmod would leave a moment in which others could connect, and
// a confined process may not call it.
package unixsocket
