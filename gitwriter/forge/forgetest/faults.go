package forgetest

import "github.com/towline-dev/towline/gitwriter/forge/forgetest/internal/wire"

// Fault is something that goes wrong on a route.
type Fault = wire.Fault

// Request is a line of the request log.
type Request = wire.Request

// Inject makes something go wrong until the function it returns is called.
func (s *Server) Inject(f Fault) (remove func()) { return s.faults.Inject(f) }

// Requests gives the log of requests, oldest first.
func (s *Server) Requests() []Request { return s.requests.Requests() }

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() { s.requests.Forget() }
