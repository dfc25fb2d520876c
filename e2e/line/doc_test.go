// Package line_test holds the whole line to its promises, over the real towline
// program: one pull request whatever is killed or switched off and whenever, byte for
// byte what a person would have written, and on to a healthy cluster. The servers
// around it are ours, so that the moments at which things go wrong can be chosen.
package line_test
