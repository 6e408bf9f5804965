"""What `make test` runs; docs/testing.md says which test to write. Beside the tests stands what they share:

conftest, shared                                  worlds that are built once, for all workers
worlds, models_only, arrivals                     a world to build: whole, without dbt's tests, or as its files arrive
comparison                                        rows and databases that must be equal
true_answers                                      the answers, from the truth that the simulator planted
random_people, brute_force, brute_force_events    people at random, and their answers computed the obvious way
headlines                                         the numbers of the committed data, in expected_headlines.yml
bad_input                                         programs that permissions and limits stop, and how they must refuse
convention_breaks                                 what breaks each convention, and what must be said of it
report_worlds, report_reader                      worlds for the report, and its page as it is without scripts
review_repository                                 a repository in which review_patches are reviewed
page                                              tests that need a browser: `make test-page`
"""
