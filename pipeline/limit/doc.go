// Package limit has what rate-limiting filters are made of: token buckets on
// packet time, and a table that keeps one value per key in bounded memory. Package
// fair shares a total between keys.
package limit
