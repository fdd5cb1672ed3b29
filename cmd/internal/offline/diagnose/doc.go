// Package diagnose prints the mistakes of configurations: as text, with
// colours on a terminal, and as JSON or SARIF for machines.
//
// JSON is one object:
//
//	{
//	  "files": ["edge.yaml"],
//	  "mistakes": [
//	    {
//	      "file": "edge.yaml", "line": 5, "column": 9, "severity": "error",
//	      "message": "unknown setting `intreface` of source `pcap`",
//	      "hint": "did you mean `interface`?",
//	      "excerpt": "        intreface: eth0"
//	    }
//	  ]
//	}
//
// Lines and columns count from 1, columns in characters. Line, column and excerpt are
// missing where a mistake is about a file as a whole, and hint where there is none.
// The severity is "error", or "warning" for what works but may not be meant so. Other
// severities may come; other fields too.
//
// SARIF is version 2.1.0, as code hosts and editors read it.
package diagnose
