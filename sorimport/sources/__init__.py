"""The forms that SOR is published in; each module reads one of them into the staging tables (`sorimport.staged`).

sor2      Sor_complete.zip, its files, and SorEntity_daily.csv
legacy    sor.csv with edityper.csv
xml       sor.xml, in either version of its schema
"""
