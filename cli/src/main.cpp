#include "cli/src/command_line.hpp"

int main(int argc, char** argv) { return gate::cli::run(argc, argv); }
