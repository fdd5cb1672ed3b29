// Package replaytest tests configurations by replaying captures: a file says what a
// pipeline is to make of them.
//
//	# edge_test.yaml
//	tests:
//	  web ports only:
//	    config: edge.yaml           # or options: [--ports, "80,443"]
//	    pipeline: edge              # where the configuration declares several
//	    capture: ptb.pcapng.zst     # or a list, replayed together
//	    expect:
//	      packets: 5
//	      forwarded: 2
//	      dropped:                  # all that is dropped, by stage and reason
//	        port-list: {port-not-listed: 3}
//	      sent: {broadcast: 2}      # all that is sent, by sink
//	      verdicts: web.jsonl       # as "pmtud replay --verdicts" writes them
//	      sent_file: web.pcap       # as "pmtud replay --write" writes it
//
// The same may be written in TOML, and tests may be a list of which each has a name.
// Paths are relative to the file. What is left out of expect is not compared.
package replaytest
