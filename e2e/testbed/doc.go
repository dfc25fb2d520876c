// Package testbed starts the real servers that Towline is tested against.
package testbed
