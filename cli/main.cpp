#include "cli/command.hpp"

int main(int argc, char** argv) { return gate::cli::run(argc, argv); }
