// Package setting declares, checks and describes the settings of plugins.
//
// Settings are a struct whose fields carry these tags:
//
//	setting:"max_sources"   its name in configurations, snake_case
//	doc:"…"                 what it means, one sentence with the unit
//	required:"true"         where there is no sensible default
//	min:"1" max:"65536"     inclusive bounds of numbers, durations and sizes
//	enum:"in,out,both"      the texts that may be written
//	pattern:"^[0-9]+$"      for tools: a regular expression that texts match, of a field
//	                        whose own UnmarshalText or plugin decides what is right
//	example:"eth0"          a sensible value as it would be written; of a list, comma-separated
//	secret:"true"           of a key or a password, which drawings don't show
//
// Fields are numbers, bools, strings, slices of these, or types that implement
// [encoding.TextUnmarshaler]. Bounds and enum hold for each element of a list. A
// required text or list must not be empty. The fields of an embedded struct without
// a setting tag are settings of the struct that embeds it.
//
// A type with a method Check() error has its values checked by that, and one with a
// method Pattern() string needs no pattern tag: see [InterfaceName].
package setting
