package hostcheck

import "net"

// Survey is what a host shows about which configuration fits it.
type Survey struct {
	Interfaces []net.Interface // all that are up, without loopback ones
	Default    []string        // names of those that default routes lead over, each once
	NAT        []string        // chains that translate destinations, as "chain DOCKER of table nat"
	DataPlanes []DataPlane
	Unseen     []string // what could not be looked at, and why
}

// DataPlane is what translates the addresses of a node's services.
type DataPlane struct {
	Name   string // "IPVS"
	State  string // how messages reach the services' connections: "accepts injected messages"
	Advice string // what to set; may be empty
}
