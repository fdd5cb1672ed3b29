// Package linklayer names what capture files and kernels call link layers, the kinds of packets on
// them, and the EtherTypes that matter here.
package linklayer
