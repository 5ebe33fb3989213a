// Ory Hydra, a certified OpenID provider: its own commands, from its published module.
package main

import "github.com/ory/hydra/v2/cmd"

func main() { cmd.Execute() }
